#pragma once
// Numbers that row_program.cpp and its oracle have in common: the series of logarithm and exponential.

#include <array>
#include <cstdint>
#include <limits>

namespace pitwatch::kernels::series {

inline constexpr double two_52 = 4503599627370496.0;
inline constexpr std::uint64_t two_52_bits = 0x4330000000000000;
inline constexpr double round_magic = 1.5 * two_52;
inline constexpr std::uint64_t half_root_bits = 0x3fe6a09e667f3bcd;  // of sqrt(1/2)
inline constexpr std::uint64_t mantissa_bits = 0x000fffffffffffff;
inline constexpr std::uint64_t bias = 1023;
inline constexpr double least_normal = std::numeric_limits<double>::min();
inline constexpr double infinite = std::numeric_limits<double>::infinity();

/// log 2 in two parts: a whole number times the first is exact.
inline constexpr double ln2_high = 6.93147180369123816490e-01;
inline constexpr double ln2_low = 1.90821492927058770002e-10;
inline constexpr double log2_e = 1.44269504088896338700;

inline constexpr double least_exponent = -708.0;
inline constexpr double most_exponent = 709.0;
inline constexpr double most_whole_power = 1e15;

/// 2 artanh(t) = t (2 + 2/3 t^2 + 2/5 t^4 + ...), the highest power first; |t| is at most 0.1716.
inline constexpr std::array<double, 11> log_terms{2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11,
                                                  2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3,  2.0};

/// e^r = 1 + r + r^2/2! + ..., the highest power first; |r| is at most 0.3466.
inline constexpr std::array<double, 14> exp_terms{
    1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
    1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0,         1.0};

inline constexpr double decimals = 10000;          // whole numbers of reflectance
inline constexpr double float_rounding = 0x1p-22;  // what scaling and rounding to float can cost below 2

}  // namespace pitwatch::kernels::series
