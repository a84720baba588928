// AssemblyScript, compiled by scripts/build-kernel.mjs: dot products of one int16 query with int8
// rows. `stride` (bytes of a row) is a multiple of 16; sums stay below 2^31 for unit vectors.

function dot(query: usize, row: usize, stride: usize): i32 {
  let even = i32x4.splat(0)
  let odd = i32x4.splat(0)
  for (let i: usize = 0; i < stride; i += 16) {
    even = i32x4.add(even, i32x4.dot_i16x8_s(v128.load8x8_s(row + i), v128.load(query + 2 * i)))
    odd = i32x4.add(
      odd,
      i32x4.dot_i16x8_s(v128.load8x8_s(row + i, 8), v128.load(query + 2 * i, 16)),
    )
  }
  const sum = i32x4.add(even, odd)
  return (
    i32x4.extract_lane(sum, 0) +
    i32x4.extract_lane(sum, 1) +
    i32x4.extract_lane(sum, 2) +
    i32x4.extract_lane(sum, 3)
  )
}

/** Every row from `rows` on, `count` of them; results as i32 at `out`. */
export function scan(query: usize, rows: usize, out: usize, count: i32, stride: usize): void {
  for (let i = 0; i < count; i++)
    store<i32>(out + ((<usize>i) << 2), dot(query, rows + <usize>i * stride, stride))
}

/** The rows whose numbers stand as u32 at `list`; results as i32 in the same order at `out`. */
export function gather(
  query: usize,
  rows: usize,
  list: usize,
  out: usize,
  count: i32,
  stride: usize,
): void {
  for (let i = 0; i < count; i++) {
    const row = <usize>load<u32>(list + ((<usize>i) << 2))
    store<i32>(out + ((<usize>i) << 2), dot(query, rows + row * stride, stride))
  }
}
