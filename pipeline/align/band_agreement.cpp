#include "pipeline/align/band_agreement.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

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

/// Logarithms of the gradient's length about their mean, tapered; 0 where it is not known.
cv::Mat edges_of(PlaneView<const float> plane, PlaneView<const std::uint8_t> invalid, int left, int top, int side) {
  cv::Mat edges(side, side, CV_32F, cv::Scalar(0));
  std::vector<float> lengths;
  const auto is_valid = [&](int x, int y) { return invalid.at(x, y) == 0 && !std::isnan(plane.at(x, y)); };
  const auto inside = [](int at, int size) { return at > 0 && at + 1 < size; };
  cv::Mat known(side, side, CV_8U, cv::Scalar(0));
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const int px = left + x;
      const int py = top + y;
      if (!inside(px, plane.width) || !inside(py, plane.height)) continue;
      if (!is_valid(px, py) || !is_valid(px - 1, py) || !is_valid(px + 1, py) || !is_valid(px, py - 1) ||
          !is_valid(px, py + 1)) {
        continue;
      }
      const float across = plane.at(px + 1, py) - plane.at(px - 1, py);
      const float down = plane.at(px, py + 1) - plane.at(px, py - 1);
      const float length = std::sqrt(across * across + down * down);
      edges.at<float>(y, x) = length;
      known.at<std::uint8_t>(y, x) = 1;
      lengths.push_back(length);
    }
  }
  if (2 * lengths.size() < static_cast<std::size_t>(side) * static_cast<std::size_t>(side)) return {};
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  const float typical = std::max(*middle, 1e-6F);
  double sum = 0;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      if (known.at<std::uint8_t>(y, x) == 0) continue;
      edges.at<float>(y, x) = std::log(edges.at<float>(y, x) + typical);
      sum += static_cast<double>(edges.at<float>(y, x));
    }
  }
  const auto mean = static_cast<float>(sum / static_cast<double>(lengths.size()));
  cv::Mat taper;
  cv::createHanningWindow(taper, {side, side}, CV_32F);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      float& edge = edges.at<float>(y, x);
      edge = known.at<std::uint8_t>(y, x) == 0 ? 0.0F : (edge - mean) * taper.at<float>(y, x);
    }
  }
  return edges;
}

}  // namespace

BandAgreement band_agreement(PlaneView<const float> one, PlaneView<const float> other,
                             PlaneView<const std::uint8_t> invalid) {
  const int side = std::min({one.width, one.height, agreement_window_px}) / 2 * 2;
  if (side < least_agreement_window_px) return {};
  const int left = (one.width - side) / 2;
  const int top = (one.height - side) / 2;
  const std::array<cv::Mat, 2> edges{edges_of(one, invalid, left, top, side),
                                     edges_of(other, invalid, left, top, side)};
  if (edges[0].empty() || edges[1].empty()) return {};
  const double scale = cv::norm(edges[0]) * cv::norm(edges[1]);
  if (!(scale > 0)) return {};
  std::array<cv::Mat, 2> spectra;
  for (std::size_t i = 0; i < 2; ++i) cv::dft(edges[i], spectra[i]);
  cv::Mat cross;
  cv::mulSpectrums(spectra[1], spectra[0], cross, 0, true);  // other * conj(one)
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
