// Before the first paint, so that a chosen theme never flashes. Its own file: the policy allows no inline script.
;(() => {
  try {
    const theme = localStorage.getItem('plinth.theme')
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  } catch {
    // Storage is off: the system's theme it is.
  }
})()
