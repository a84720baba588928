export function NewResourceScreen() {
  return null
}
