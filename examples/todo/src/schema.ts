// What a todo list is. The server says in `state.invalid` where one is something else.

export interface Todo {
  id: string
  text: string
  isDone: boolean
}

export const schema = {
  type: 'object',
  properties: {
    todos: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'text', 'isDone'],
        properties: {
          id: { type: 'string' },
          text: { type: 'string', minLength: 1, maxLength: 80 },
          isDone: { type: 'boolean' }
        }
      }
    }
  }
}
