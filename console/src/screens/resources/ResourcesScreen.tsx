export function ResourcesScreen() {
  return null
}
