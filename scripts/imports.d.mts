export interface Violation {
  from: string
  to: string
  rule: { name: string; severity: string }
}

export function cruiseTree(
  tree: string,
  folders: readonly string[],
): Promise<{ modules: { source: string }[]; violations: Violation[]; rules: string[] }>

export function describe(violation: Violation): string
