// What TypeScript knows; `npm run typecheck` is the test.

import type { Action, CellRun, Content, Kernel, LiveRoom, RtStore, ServerTables } from '@rtstore/client'
import type { Doing, Loaded, useAction, useContents, useRecord, useServerTable } from '@rtstore/react'
import { expectTypeOf, test } from 'vitest'

test('records, actions and hooks have the types of the server', () => {
  expectTypeOf<LiveRoom<ServerTables>['get']>().toBeFunction()
  expectTypeOf<ReturnType<RtStore['runCell']>>().resolves.toEqualTypeOf<CellRun>()
  expectTypeOf<Action<'kernel.start'>['result']>().toEqualTypeOf<{ kernel_id: string }>()
  expectTypeOf<Action<'contents.delete'>['result']>().toEqualTypeOf<null>()
  expectTypeOf<Action<'of a newer server'>['result']>().toBeUnknown()
  expectTypeOf<ReturnType<typeof useContents>>().toEqualTypeOf<Loaded<Content[]>>()
  expectTypeOf<ReturnType<typeof useRecord<'kernels'>>>().toEqualTypeOf<Kernel | undefined>()
  expectTypeOf<ReturnType<typeof useServerTable<'kernels', number>>>().toEqualTypeOf<Loaded<number>>()
  expectTypeOf<ReturnType<typeof useAction<'kernel.restart'>>>().toEqualTypeOf<
    Doing<{ kernel_id: string }, 'kernel.restart'>
  >()
})
