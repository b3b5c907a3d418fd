const first = ['quiet', 'salty', 'early', 'round', 'brave', 'mossy', 'windy', 'amber', 'small', 'clear']
const second = ['tide', 'shell', 'harbour', 'kelp', 'pebble', 'lantern', 'current', 'gull', 'anchor', 'cove']

/** Two words to begin with, such as "salty harbour". */
export function twoWords(random = Math.random) {
  return `${pick(first, random)} ${pick(second, random)}`
}

/**
 * @param {readonly string[]} words
 * @param {() => number} random
 */
function pick(words, random) {
  return words[Math.floor(random() * words.length)]
}
