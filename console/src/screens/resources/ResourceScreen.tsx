export function ResourceScreen() {
  return null
}
