// What the builder is told beyond its own: TypeScript goes in as it is.
const path = require('path');

module.exports = {
  resolve: {
    extensions: ['.ts', '.tsx', '.js'],
    extensionAlias: { '.js': ['.ts', '.tsx', '.js'] },
    alias: {
      '@rtstore/client': path.resolve(__dirname, '../js/packages/client/src/index.ts'),
      'y-indexeddb': false // documents are JupyterLab's own here: none is kept in the browser
    },
    modules: ['node_modules', path.resolve(__dirname, 'node_modules')]
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
