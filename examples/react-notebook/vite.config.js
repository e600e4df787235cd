import { example } from '../example.js'

export default example(import.meta.dirname)
