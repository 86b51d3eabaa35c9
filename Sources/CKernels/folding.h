// Packed weights of gemms with few output channels. Half or three quarters of every vector would be
// empty, so it holds two or four elements of K for every channel: lane `fold * c + e` is channel c
// of element e. If the run is no multiple of the fold, zero weights fill it up. The source is read
// up to fold - 1 floats past the run; these must be finite.
#pragma once

#include "vectors.h"

enum { panel_width = 2 * lanes };

// How many elements of a run share a vector when there are so many output channels.
INLINE int64_t fold_of(int64_t channels) {
#if VECTOR_FLOATS == 16
  if (channels <= lanes / 4) return 4;
#endif
#if VECTOR_FLOATS >= 8
  if (channels <= lanes / 2) return 2;
#endif
  return 1;
}

// The `fold` elements at p, repeated in all lanes.
INLINE vec splat_folded(const int fold, const float *p) {
#if VECTOR_FLOATS == 16
  if (fold == 4) return (vec)_mm512_broadcast_f32x4(_mm_loadu_ps(p));
  if (fold == 2) return (vec)_mm512_castpd_ps(_mm512_set1_pd(*(const double_unaligned *)p));
#elif VECTOR_FLOATS == 8
  if (fold == 2) return (vec)_mm256_castpd_ps(_mm256_set1_pd(*(const double_unaligned *)p));
#endif
  return splat(*p);
}

#define EVEN(i, s) (2 * (i) % lanes)
#define ODD(i, s) (2 * (i) % lanes + 1)
INLINE vec even_lanes(vec v) { return __builtin_shufflevector(v, v, EVERY_LANE(EVEN, 0)); }
INLINE vec odd_lanes(vec v) { return __builtin_shufflevector(v, v, EVERY_LANE(ODD, 0)); }
#undef EVEN
#undef ODD

// Lane c of the result is the sum over the elements of channel c.
INLINE vec unfold(const int fold, vec v) {
  for (int f = fold; f > 1; f /= 2) v = even_lanes(v) + odd_lanes(v);
  return v;
}

// Lane c of the result is element e of channel c.
INLINE vec unfold_element(const int fold, int e, vec v) {
  for (int f = fold; f > 1; f /= 2, e /= 2) v = e % 2 == 0 ? even_lanes(v) : odd_lanes(v);
  return v;
}

// The inverse layout: channel c of v in the lanes of all its elements.
INLINE vec spread(const int fold, vec v) {
#define HALF(i, s) ((i) / 2)
  for (int f = fold; f > 1; f /= 2) v = __builtin_shufflevector(v, v, EVERY_LANE(HALF, 0));
#undef HALF
  return v;
}

// Folds the panels of `rows` runs in place, to [row][run / fold][lanes].
static void fold_panels(float *panels, int64_t rows, int64_t run, int64_t fold) {
  float *to = panels;
  if (fold == 1) return;
  for (int64_t row = 0; row < rows; row++, panels += run * panel_width) {
    for (int64_t k = 0; k < run; k += fold, to += lanes) {
      float folded[lanes];
      for (int64_t i = 0; i < lanes; i++) {
        int64_t element = k + i % fold;
        folded[i] = element < run ? panels[element * panel_width + i / fold] : 0;
      }
      memcpy(to, folded, sizeof folded);
    }
  }
}
