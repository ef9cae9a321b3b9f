// Systems of season_terms equations, one in each lane: shared by the kernels' .cpp files, re-included once per target.

#if defined(PITWATCH_KERNELS_LDL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PITWATCH_KERNELS_LDL_INL_H_
#undef PITWATCH_KERNELS_LDL_INL_H_
#else
#define PITWATCH_KERNELS_LDL_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>

#include "kernels/season.hpp"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Replaces a positive definite matrix by Cholesky's factors without roots (A = L D L^T; Golub & Van Loan 4.1.2): below
/// the diagonal L, and 1 / D apart, since divisions wait for each other.
template <class D, class V>
HWY_INLINE void factorise(D d, V* matrix, V* per_diagonal) {
  const auto one = hn::Set(d, 1.0F);
  for (std::size_t i = 0; i < season_terms; ++i) {
    // Before its row is done an entry lacks the division by the diagonal.
    for (std::size_t j = 0; j < i; ++j) {
      V entry = matrix[in_triangle(i, j)];
      for (std::size_t k = 0; k < j; ++k) {
        entry = hn::Sub(entry, hn::Mul(matrix[in_triangle(i, k)], matrix[in_triangle(j, k)]));
      }
      matrix[in_triangle(i, j)] = entry;
    }
    V diagonal = matrix[in_triangle(i, i)];
    for (std::size_t j = 0; j < i; ++j) {
      const V undivided = matrix[in_triangle(i, j)];
      matrix[in_triangle(i, j)] = hn::Mul(undivided, per_diagonal[j]);
      diagonal = hn::Sub(diagonal, hn::Mul(matrix[in_triangle(i, j)], undivided));
    }
    per_diagonal[i] = hn::Div(one, diagonal);
  }
}

/// Solves for one right side, in place.
template <class V>
HWY_INLINE void solve(const V* factors, const V* per_diagonal, V* z) {
  for (std::size_t i = 1; i < season_terms; ++i) {
    for (std::size_t j = 0; j < i; ++j) z[i] = hn::Sub(z[i], hn::Mul(factors[in_triangle(i, j)], z[j]));
  }
  for (std::size_t i = season_terms; i-- > 0;) {
    z[i] = hn::Mul(z[i], per_diagonal[i]);
    for (std::size_t j = i + 1; j < season_terms; ++j) {
      z[i] = hn::Sub(z[i], hn::Mul(factors[in_triangle(j, i)], z[j]));
    }
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // PITWATCH_KERNELS_LDL_INL_H_
