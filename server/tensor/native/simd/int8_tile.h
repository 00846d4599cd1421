// Integer products of 8-bit rows, for one form of the dot product; included once for each form (int8.cc), which
// names its namespace of dot8.h BC_FORM and defines BC_FORM_TARGET, the attribute of functions that use it.

namespace BC_FORM {

#define BC_FORM_INLINE BC_FORM_TARGET BC_INLINE

// y[row][o] for one sum of products.
BC_FORM_INLINE void put(const Int8Product& p, int row, int o, int32_t sum) {
  const Int8Rows& x = p.x;
  float value = float(sum - kOffset * x.sum[row]) * (p.scales ? x.scale[row] * p.scales[o] : x.scale[row]);
  if (p.bias) value += p.bias[o];
  float* y = p.y + row * p.yRow + o;
  *y = p.accumulate ? *y + value : value;
}

// Dot products straight from the rows of the weights.
template <int ROWS, int COLUMNS>
BC_FORM_TARGET void tile(const Int8Product& p, int row, int o) {
  const int8_t* x = p.x.q + row * p.x.stride;
  const int8_t* w = p.w + size_t(o) * p.x.count;
  vi sums[ROWS][COLUMNS] = {};
  int k = 0, count = p.x.count;
  for (; k + kBytes <= count; k += kBytes) {
    vbytes weights[COLUMNS];
#pragma GCC unroll 8
    for (int c = 0; c < COLUMNS; c++) weights[c] = prepare(loadBytes(w + size_t(c) * count + k));
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      vbytes values = loadBytes(x + r * p.x.stride + k);
#pragma GCC unroll 8
      for (int c = 0; c < COLUMNS; c++) sums[r][c] = dot(sums[r][c], weights[c], values);
    }
  }
  if (k < count) {
#pragma GCC unroll 8
    for (int c = 0; c < COLUMNS; c++) {
      vbytes weights = prepare(loadBytesPart(w + size_t(c) * count + k, count - k));
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; r++) sums[r][c] = dot(sums[r][c], weights, loadBytes(x + r * p.x.stride + k));
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
    int32_t totals[COLUMNS];
    sumEach<COLUMNS>(sums[r], totals);
    for (int c = 0; c < COLUMNS; c++) put(p, row + r, o + c, totals[c]);
  }
}

template <int COLUMNS>
BC_FORM_TARGET void tileRows(const Int8Product& p, int first, int last, int o) {
  int i = first;
  for (; i + TILE_ROWS <= last; i += TILE_ROWS) tile<TILE_ROWS, COLUMNS>(p, i, o);
  if (TILE_ROWS > 4 && last - i >= 4) {
    tile<4, COLUMNS>(p, i, o);
    i += 4;
  }
  if (last - i >= 2) {
    tile<2, COLUMNS>(p, i, o);
    i += 2;
  }
  if (last - i >= 1) tile<1, COLUMNS>(p, i, o);
}

// The outputs [begin, end) of the rows [first, last).
BC_FORM_TARGET void direct(const Int8Product& p, int first, int last, int begin, int end) {
  int o = begin;
  for (; o + TILE_COLUMNS <= end; o += TILE_COLUMNS) tileRows<TILE_COLUMNS>(p, first, last, o);
  for (; o < end; o++) tileRows<1>(p, first, last, o);
}

#ifdef BC_FORM_PANELS
// The same from a panel of NR outputs, [depth / 4][NR][4] prepared weights. Four values of a row of x go to all
// lanes at once, each lane has one output.
template <int ROWS, int VECTORS>
BC_FORM_TARGET void panelTile(const Int8Product& p, const int8_t* panel, int row, int o) {
  const int8_t* x = p.x.q + row * p.x.stride;
  vi sums[ROWS][VECTORS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) sums[r][v] = vi{} - kOffset * p.x.sum[row + r];
  for (int k = 0; k < p.x.count; k += 4, panel += PANEL * 4) {
    vbytes weights[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) weights[v] = loadBytes(panel + v * kBytes);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      int32_t four;
      memcpy(&four, x + r * p.x.stride + k, 4);
      vbytes values = (vbytes)(vi{} + four);
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) sums[r][v] = dot(sums[r][v], weights[v], values);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < VECTORS; v++) {
    int at = o + v * kLanes, lanesLeft = p.out - at;
    if (lanesLeft <= 0) break;
    bool whole = lanesLeft >= kLanes;
    vf scales = !p.scales ? splat(1) : whole ? load(p.scales + at) : loadPart(p.scales + at, lanesLeft);
    vf bias = !p.bias ? vf{} : whole ? load(p.bias + at) : loadPart(p.bias + at, lanesLeft);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      float* y = p.y + size_t(row + r) * p.yRow + at;
      vf value = __builtin_convertvector(sums[r][v], vf) * (scales * p.x.scale[row + r]);
      if (p.bias) value += bias;
      if (p.accumulate) value += whole ? load(y) : loadPart(y, lanesLeft);
      if (whole) {
        store(y, value);
      } else {
        storePart(y, value, lanesLeft);
      }
    }
  }
}

template <int VECTORS>
BC_FORM_TARGET void panelRows(const Int8Product& p, const int8_t* panel, int first, int last, int o) {
  int i = first;
  for (; i + PANEL_ROWS <= last; i += PANEL_ROWS) panelTile<PANEL_ROWS, VECTORS>(p, panel, i, o);
  if (PANEL_ROWS > 4 && last - i >= 4) {
    panelTile<4, VECTORS>(p, panel, i, o);
    i += 4;
  }
  if (last - i >= 2) {
    panelTile<2, VECTORS>(p, panel, i, o);
    i += 2;
  }
  if (last - i >= 1) panelTile<1, VECTORS>(p, panel, i, o);
}

// The outputs from o on that the panel holds, of the rows [first, last).
BC_FORM_TARGET void fromPanel(const Int8Product& p, const int8_t* panel, int first, int last, int o) {
  int vectors = (p.out - o + kLanes - 1) / kLanes;
  if (vectors >= PANEL_VECTORS) {
    panelRows<PANEL_VECTORS>(p, panel, first, last, o);
  } else if (vectors == 2) {
    panelRows<2>(p, panel, first, last, o);
  } else {
    panelRows<1>(p, panel, first, last, o);
  }
}

// The outputs [begin, end), where begin is the start of a panel, of the rows [first, last).
BC_FORM_TARGET void fromPanels(const Int8Product& p, const int8_t* panels, int first, int last, int begin, int end) {
  for (int o = begin; o < end; o += PANEL) fromPanel(p, panels + o / PANEL * panelBytes(p.x.count), first, last, o);
}
#endif

#undef BC_FORM_INLINE
}  // namespace BC_FORM
