#include "pipeline/align/alignment.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace pitwatch {
namespace {

// Of the cross-power spectrum only the low frequencies are trusted: the high ones hold noise and aliasing.
constexpr double frequency_sigma = 0.15;  // cycles per pixel
constexpr double min_slope_baseline_px = 60;
constexpr int min_slope_pairs = 20;
constexpr double min_slope_effect_px = 0.25;
constexpr double mad_to_sigma = 1.4826;
// Real pairs stay under 0.25 px; windows that disagree by more have found something else than a shift.
constexpr double max_residual_px = 0.75;
// Results are rounded to what is meaningful, so that the last place of a transform, which differs between CPUs, does
// not show in them.
constexpr double offset_unit_px = 1.0 / 256;
constexpr double slope_unit = 1e-6;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Phase correlation of windows of one fixed size; holds what does not change from window to window.
class PhaseCorrelator {
 public:
  explicit PhaseCorrelator(int size) : weight_(size, size, CV_32F) {
    cv::createHanningWindow(taper_, {size, size}, CV_32F);
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        const double fy = static_cast<double>(y <= size / 2 ? y : y - size) / size;
        const double fx = static_cast<double>(x <= size / 2 ? x : x - size) / size;
        weight_.at<float>(y, x) =
            static_cast<float>(std::exp(-(fx * fx + fy * fy) / (2 * frequency_sigma * frequency_sigma)));
      }
    }
  }

  WindowShift operator()(const cv::Mat& before, const cv::Mat& after) const {
    const cv::Mat cross = cross_power(spectrum(before), spectrum(after));
    cv::Mat surface;
    cv::dft(cross, surface, cv::DFT_INVERSE | cv::DFT_SCALE | cv::DFT_REAL_OUTPUT);
    cv::Scalar mean;
    cv::Scalar deviation;
    cv::meanStdDev(surface, mean, deviation);

    const int size = surface.rows;
    const auto value = [&](int dy, int dx) { return surface.at<float>((dy + size) % size, (dx + size) % size); };
    int peak_x = 0;
    int peak_y = 0;
    for (int dy = -max_shift_px; dy <= max_shift_px; ++dy) {
      for (int dx = -max_shift_px; dx <= max_shift_px; ++dx) {
        if (value(dy, dx) > value(peak_y, peak_x)) {
          peak_x = dx;
          peak_y = dy;
        }
      }
    }
    WindowShift shift;
    shift.dx = peak_x + vertex(value(peak_y, peak_x - 1), value(peak_y, peak_x), value(peak_y, peak_x + 1));
    shift.dy = peak_y + vertex(value(peak_y - 1, peak_x), value(peak_y, peak_x), value(peak_y + 1, peak_x));
    shift.quality = deviation[0] > 0 ? value(peak_y, peak_x) / deviation[0] : 0;
    return shift;
  }

 private:
  cv::Mat spectrum(const cv::Mat& window) const {
    double sum = 0;
    for (int y = 0; y < window.rows; ++y)
      sum = std::accumulate(window.ptr<float>(y), window.ptr<float>(y) + window.cols, sum);
    const auto mean = static_cast<float>(sum / static_cast<double>(window.total()));
    cv::Mat tapered(window.size(), CV_32F);
    for (int y = 0; y < window.rows; ++y) {
      for (int x = 0; x < window.cols; ++x)
        tapered.at<float>(y, x) = (window.at<float>(y, x) - mean) * taper_.at<float>(y, x);
    }
    cv::Mat result;
    cv::dft(tapered, result, cv::DFT_COMPLEX_OUTPUT);
    return result;
  }

  cv::Mat cross_power(const cv::Mat& before, const cv::Mat& after) const {
    cv::Mat cross;
    cv::mulSpectrums(after, before, cross, 0, true);  // after * conj(before)
    for (int y = 0; y < cross.rows; ++y) {
      auto* row = cross.ptr<cv::Vec2f>(y);
      const float* weight = weight_.ptr<float>(y);
      for (int x = 0; x < cross.cols; ++x) {
        row[x] *= weight[x] / (std::sqrt(row[x][0] * row[x][0] + row[x][1] * row[x][1]) + 1e-12F);
      }
    }
    return cross;
  }

  /// Offset of the vertex of the parabola through the logarithms of three samples: exact for a Gaussian peak.
  static double vertex(double left, double centre, double right) {
    const double l = std::log(std::max(left, 1e-9));
    const double c = std::log(std::max(centre, 1e-9));
    const double r = std::log(std::max(right, 1e-9));
    const double curvature = l - 2 * c + r;
    if (curvature >= -1e-9) return 0;
    return std::clamp(0.5 * (l - r) / curvature, -0.5, 0.5);
  }

  cv::Mat taper_;
  cv::Mat weight_;
};

struct AxisFit {
  AxisAlignment axis;
  double residual_px = 0;
};

AxisFit fit_axis(const std::vector<double>& position, const std::vector<double>& shift) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < position.size(); ++i) {
    for (std::size_t j = i + 1; j < position.size(); ++j) {
      const double baseline = position[j] - position[i];
      if (std::abs(baseline) > min_slope_baseline_px) slopes.push_back((shift[j] - shift[i]) / baseline);
    }
  }
  AxisFit fit;
  const auto [low, high] = std::minmax_element(position.begin(), position.end());
  if (slopes.size() >= static_cast<std::size_t>(min_slope_pairs)) {
    const double slope = median(std::move(slopes));
    if (std::abs(slope) * (*high - *low) >= min_slope_effect_px)
      fit.axis.slope = std::round(slope / slope_unit) * slope_unit;
  }
  std::vector<double> rest(shift);
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= fit.axis.slope * position[i];
  fit.axis.offset = std::round(median(rest) / offset_unit_px) * offset_unit_px;
  for (double& value : rest) value = std::abs(value - fit.axis.offset);
  fit.residual_px = mad_to_sigma * median(std::move(rest));
  return fit;
}

}  // namespace

std::vector<WindowShift> measure_shifts(PlaneView<const float> before, PlaneView<const float> after,
                                        PlaneView<const std::uint8_t> mask, int origin_x, int origin_y, int step_px) {
  const PhaseCorrelator correlate(shift_window_px);
  const auto wrap = [](PlaneView<const float> plane, int x, int y) {
    return cv::Mat(shift_window_px, shift_window_px, CV_32F, const_cast<float*>(&plane.at(x, y)),
                   static_cast<std::size_t>(plane.stride) * sizeof(float));
  };
  std::vector<WindowShift> shifts;
  for (int y = 0; y + shift_window_px <= before.height; y += step_px) {
    for (int x = 0; x + shift_window_px <= before.width; x += step_px) {
      int invalid = 0;
      for (int r = y; r < y + shift_window_px; ++r) {
        invalid += static_cast<int>(std::count_if(&mask.at(x, r), &mask.at(x, r) + shift_window_px,
                                                  [](std::uint8_t bits) { return bits != 0; }));
      }
      if (invalid * 10 > shift_window_px * shift_window_px) continue;
      WindowShift shift = correlate(wrap(before, x, y), wrap(after, x, y));
      shift.x = origin_x + x + (shift_window_px - 1) / 2.0;
      shift.y = origin_y + y + (shift_window_px - 1) / 2.0;
      shifts.push_back(shift);
    }
  }
  return shifts;
}

Alignment fit_alignment(std::span<const WindowShift> shifts) {
  Alignment alignment;
  alignment.windows_measured = static_cast<int>(shifts.size());
  if (shifts.empty()) return alignment;
  std::vector<double> qualities;
  for (const WindowShift& shift : shifts) qualities.push_back(shift.quality);
  const double threshold = median(std::move(qualities));

  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> dx;
  std::vector<double> dy;
  for (const WindowShift& shift : shifts) {
    if (shift.quality < threshold) continue;
    x.push_back(shift.x);
    y.push_back(shift.y);
    dx.push_back(shift.dx);
    dy.push_back(shift.dy);
  }
  const AxisFit fit_x = fit_axis(x, dx);
  const AxisFit fit_y = fit_axis(y, dy);
  alignment.residual_px = std::max(fit_x.residual_px, fit_y.residual_px);
  if (alignment.residual_px > max_residual_px) return alignment;
  alignment.x = fit_x.axis;
  alignment.y = fit_y.axis;
  alignment.windows_used = static_cast<int>(x.size());
  return alignment;
}

}  // namespace pitwatch
