import { rows } from './row.ts'

export const usage = rows('issue 4', {
  'M26.calls-list': 'Calls of models are listed in pages, newest first, by any of their names',
  'M26.call-detail': 'A call is shown whole: tokens, cost, attempts, and why this model',
  'M26.calls-own': 'Calls and usage of others are seen with traces.read only',
  'M26.usage-sums': 'Usage sums what the calls say; an unknown price is unknown, never zero',
  'M26.usage-csv': 'Usage is exported as CSV, with nothing in it that a spreadsheet runs',
  'M26.usage-percentiles': 'Percentiles of latency are exact',
  'M26.cli-usage': 'The command line shows usage, calls and budgets, and says what is not known',
  'M26.calls-provable':
    'A call that was changed, added or taken away is found, and so is a budget that does not add up',
  'M26.calls-kept': 'Calls are kept as long as the setting says, and leave in bounded steps',
  'M26.budget-status': 'Each budget tells what is spent of it in this window, by whom',
  'M40.console-models':
    'The console shows usage, calls and budgets: each number leads to its calls, each chart is a table, too',
  'M40.playground':
    'The console asks several models side by side through the gateway: streamed, with times and cost, stopped at will, errors told, kept as a version of a Prompt',
  'M40.routes-page':
    'The console shows how a route chooses for a request: order, why not the others, live state and share of traffic',
  'M26.budget-forecast': 'A forecast follows the pace so far, and is none where there is no pace',
})
