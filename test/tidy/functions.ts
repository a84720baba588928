import ts from 'typescript'
import { isTest, lineOf, parse, walk } from './sources.ts'

const maxLines = 70
const maxComponentLines = 120
const maxParameters = 3

/** Functions of a file that are too long or take too many positional parameters, one line each. */
export function unfitFunctions(file: string): string[] {
  const source = parse(file)
  const found: string[] = []
  walk(source, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body) return
    const name = nameOf(node)
    const first = lineOf(source, node.getStart(source))
    const lines = lineOf(source, node.end) - first + 1
    const limit = isComponent(file, name) ? maxComponentLines : maxLines
    if (lines > limit && !isSuite(node)) {
      found.push(`${file}:${first} ${name ?? 'a function'} has ${lines} lines (at most ${limit})`)
    }
    const positional = positionalOf(node)
    if (name && positional > maxParameters && !isTest(file)) {
      found.push(
        `${file}:${first} ${name} takes ${positional} positional parameters (at most ${maxParameters}, then an options object)`,
      )
    }
  })
  return found
}

/** Parameters but for `this` and an options object at the end. */
function positionalOf(node: ts.SignatureDeclaration): number {
  const parameters = node.parameters.filter((p) => p.name.getText() !== 'this')
  const last = parameters.at(-1)
  if (!last) return 0
  const type = last.type?.getText() ?? ''
  const options =
    ts.isObjectBindingPattern(last.name) || type.startsWith('{') || /Options$/.test(type)
  return parameters.length - (options ? 1 : 0)
}

/** Its own name, or that of the constant or property that holds it; callbacks have none. */
function nameOf(node: ts.SignatureDeclaration): string | undefined {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  if (node.name) return node.name.getText()
  const holder = node.parent
  if (ts.isVariableDeclaration(holder) || ts.isPropertyAssignment(holder)) {
    return holder.name.getText()
  }
  return undefined
}

function isComponent(file: string, name: string | undefined): boolean {
  return file.endsWith('.tsx') && name !== undefined && /^[A-Z]/.test(name)
}

/** What holds tests is as long as they are many: the callback of `describe`, a kit that calls it. */
function isSuite(node: ts.SignatureDeclaration): boolean {
  const call = node.parent
  if (ts.isCallExpression(call) && /^describe\b/.test(call.expression.getText())) return true
  const body = 'body' in node ? node.body : undefined
  if (!body || !ts.isBlock(body)) return false
  return body.statements.some((s) => /^(return )?(describe|it|test)(\.\w+)?\(/.test(s.getText()))
}
