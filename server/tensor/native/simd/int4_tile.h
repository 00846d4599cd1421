// Products of 4-bit weights with 8-bit rows, for one form of the dot product; included as int8_tile.h is.

namespace BC_FORM {

// For a tile of rows and outputs, a vector of each group's integer products becomes floats, times the group's scale,
// and is added to its lanes: in one order for every number of rows.
template <int ROWS, int COLUMNS>
BC_FORM_TARGET void int4Tile(const Int4Product& p, int row, int o) {
  const Int8Rows& x = p.x;
  size_t groups = x.count / kInt4Group;
  const uint8_t* w = p.w + o * groups * 16;
  const float* scales = p.scales + o * groups;
  vf sums[ROWS][COLUMNS] = {};
  for (int k = 0; k < x.count; k += kBytes) {
    vbytes weights[COLUMNS];
    vf scale[COLUMNS];
#pragma GCC unroll 4
    for (int c = 0; c < COLUMNS; c++) {
      weights[c] = nibbles(w + c * groups * 16, k, x.count);
      scale[c] = groupScales(scales + c * groups, k, x.count);
    }
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) {
      vbytes values = loadBytes(x.q + (row + r) * x.stride + k);
      vi start = (vi)load(p.starts + ((row + r) * x.stride + k) / 4);
#pragma GCC unroll 4
      for (int c = 0; c < COLUMNS; c++)
        sums[r][c] += __builtin_convertvector(dot(start, weights[c], values), vf) * scale[c];
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < COLUMNS; c++) {
      float value = sumLanes(sums[r][c]) * x.scale[row + r];
      if (p.bias) value += p.bias[o + c];
      float* y = p.y + size_t(row + r) * p.out + o + c;
      *y = p.accumulate ? *y + value : value;
    }
}

template <int COLUMNS>
BC_FORM_TARGET void int4Rows(const Int4Product& p, int first, int last, int o) {
  int i = first;
  for (; i + INT4_ROWS <= last; i += INT4_ROWS) int4Tile<INT4_ROWS, COLUMNS>(p, i, o);
  for (; i < last; i++) int4Tile<1, COLUMNS>(p, i, o);
}

// The outputs [begin, end) of the rows [first, last).
BC_FORM_TARGET void int4Outputs(const Int4Product& p, int first, int last, int begin, int end) {
  int o = begin;
  for (; o + INT4_COLUMNS <= end; o += INT4_COLUMNS) int4Rows<INT4_COLUMNS>(p, first, last, o);
  for (; o < end; o++) int4Rows<1>(p, first, last, o);
}

}  // namespace BC_FORM
