#include "pipeline/align/band_agreement.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "kernels/elementary.hpp"

namespace pitwatch {
namespace {

constexpr int most_shift_px = 64;
constexpr int near_px = 2;
constexpr int far_px = 10;
constexpr double least_ratio = 1.4;
constexpr double least_here = 0.02;
constexpr double least_noises = 6;
constexpr double least_elsewhere = 0.2;  // bands that show the same ground agree better than that
// Results are rounded to what is meaningful: the last place of a transform differs between CPUs.
constexpr double unit = 1.0 / 1024;

double rounded(double value) { return std::round(value / unit) * unit; }

/// Logarithms of the gradient's length about their mean, tapered; 0 where it is not known. Empty where less than half
/// is known.
cv::Mat edges_of(PlaneView<const float> plane, PlaneView<const std::uint8_t> invalid, int left, int top, int side) {
  constexpr float unknown = -1;
  cv::Mat edges(side, side, CV_32F, cv::Scalar(unknown));
  std::int64_t known = 0;
  std::vector<float> lengths;  // some, which tell their median as well as all
  constexpr int lengths_apart = 4;
  const int first = left == 0 ? 1 : 0;
  const int end = left + side == plane.width ? side - 1 : side;
  for (int y = 0; y < side; ++y) {
    const int py = top + y;
    if (py == 0 || py + 1 == plane.height) continue;
    const std::array<const float*, 3> rows{plane.row(py - 1) + left, plane.row(py) + left, plane.row(py + 1) + left};
    const std::array<const std::uint8_t*, 3> bits{invalid.row(py - 1) + left, invalid.row(py) + left,
                                                  invalid.row(py + 1) + left};
    auto* const row = edges.ptr<float>(y);
    for (int x = first; x < end; ++x) {
      const float across = rows[1][x + 1] - rows[1][x - 1];
      const float down = rows[2][x] - rows[0][x];
      const float length = std::sqrt(across * across + down * down);
      const int any = bits[0][x] | bits[1][x] | bits[2][x] | bits[1][x - 1] | bits[1][x + 1];
      const bool is_known = any == 0 && length == length && rows[1][x] == rows[1][x];
      row[x] = is_known ? length : unknown;
    }
    known += std::count_if(row + first, row + end, [](float length) { return length >= 0; });
    for (int x = first + y % lengths_apart; x < end; x += lengths_apart) {
      if (row[x] >= 0) lengths.push_back(row[x]);
    }
  }
  if (2 * known < std::int64_t{side} * side || lengths.empty()) return {};
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  const float typical = std::max(*middle, 1e-6F);
  double sum = 0;
  for (int y = 0; y < side; ++y) {
    auto* const row = edges.ptr<float>(y);
    for (int x = 0; x < side; ++x) {
      const bool is_known = row[x] >= 0;
      const float logarithm = kernels::portable_log(std::max(row[x], 0.0F) + typical);
      row[x] = is_known ? logarithm : std::numeric_limits<float>::quiet_NaN();
      sum += is_known ? static_cast<double>(logarithm) : 0;
    }
  }
  const auto mean = static_cast<float>(sum / static_cast<double>(known));
  cv::Mat taper;
  cv::createHanningWindow(taper, {side, side}, CV_32F);
  for (int y = 0; y < side; ++y) {
    auto* const row = edges.ptr<float>(y);
    const auto* const weight = taper.ptr<float>(y);
    for (int x = 0; x < side; ++x) row[x] = row[x] == row[x] ? (row[x] - mean) * weight[x] : 0.0F;
  }
  return edges;
}

}  // namespace

struct BandEdges::Spectrum {
  cv::Mat transform;
  double norm = 0;
};

BandEdges::BandEdges(PlaneView<const float> plane, PlaneView<const std::uint8_t> invalid) {
  const int side = std::min({plane.width, plane.height, agreement_window_px}) / 2 * 2;
  if (side < least_agreement_window_px) return;
  const cv::Mat edges = edges_of(plane, invalid, (plane.width - side) / 2, (plane.height - side) / 2, side);
  if (edges.empty()) return;
  spectrum_ = std::make_unique<Spectrum>();
  spectrum_->norm = cv::norm(edges);
  cv::dft(edges, spectrum_->transform);
}

BandEdges::~BandEdges() = default;
BandEdges::BandEdges(BandEdges&&) noexcept = default;
BandEdges& BandEdges::operator=(BandEdges&&) noexcept = default;

BandAgreement band_agreement(const BandEdges& one, const BandEdges& other) {
  if (!one.spectrum_ || !other.spectrum_) return {};
  const double scale = one.spectrum_->norm * other.spectrum_->norm;
  if (!(scale > 0)) return {};
  const int side = one.spectrum_->transform.rows;
  cv::Mat cross;
  cv::mulSpectrums(other.spectrum_->transform, one.spectrum_->transform, cross, 0, true);  // other * conj(one)
  cv::Mat surface;
  cv::dft(cross, surface, cv::DFT_INVERSE | cv::DFT_SCALE | cv::DFT_REAL_OUTPUT);
  const int most = std::min(most_shift_px, side / 2 - 1);
  BandAgreement result;
  double sum = 0;
  double squares = 0;
  for (int dy = -most; dy <= most; ++dy) {
    for (int dx = -most; dx <= most; ++dx) {
      const double value = static_cast<double>(surface.at<float>((dy + side) % side, (dx + side) % side)) / scale;
      sum += value;
      squares += value * value;
      const int distance = std::max(std::abs(dx), std::abs(dy));
      if (distance <= near_px) result.here = std::max(result.here, value);
      if (distance >= far_px && value > result.elsewhere) {
        result.elsewhere = value;
        result.x_px = dx;
        result.y_px = dy;
      }
    }
  }
  const double count = (2.0 * most + 1) * (2.0 * most + 1);
  result.noise = rounded(std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count))));
  result.here = rounded(result.here);
  result.elsewhere = rounded(result.elsewhere);
  return result;
}

bool is_elsewhere(const BandAgreement& agreement) {
  return agreement.elsewhere > least_elsewhere &&
         agreement.elsewhere > least_ratio * std::max(agreement.here, least_here) &&
         agreement.elsewhere > least_noises * agreement.noise;
}

}  // namespace pitwatch
