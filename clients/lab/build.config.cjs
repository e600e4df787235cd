// What the builder is told beyond its own: TypeScript goes in as it is.
const path = require('path');

module.exports = {
  // numbers made of names have this folder's own name in them
  optimization: { moduleIds: 'natural' },
  resolve: {
    extensions: ['.ts', '.tsx', '.js'],
    extensionAlias: { '.js': ['.ts', '.tsx', '.js'] },
    alias: {
      '@rtstore/client': path.resolve(__dirname, '../js/packages/client/src/index.ts'),
      'y-indexeddb': false // documents are JupyterLab's own here: none is kept in the browser
    },
    // the client's own imports too: what is built must not depend on what is installed beside it
    modules: [path.resolve(__dirname, 'node_modules'), 'node_modules']
  },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        loader: 'builtin:swc-loader',
        options: {
          jsc: {
            parser: { syntax: 'typescript', tsx: true },
            target: 'es2022',
            transform: { react: { runtime: 'classic' } }
          }
        },
        type: 'javascript/auto'
      }
    ]
  }
};
