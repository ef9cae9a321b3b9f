#include "pipeline/align/class_agreement.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace pitwatch {
namespace {

constexpr std::array<int, 5> judged_classes{4, 5, 6, 9, 11};
constexpr int least_side_px = 96;
constexpr int most_side_px = 256;
constexpr int most_shift_px = 64;
constexpr int far_px = 10;
constexpr double most_of_a_class = 0.6;
constexpr std::int64_t least_pixels = 400;
constexpr double least_share = 0.02;
constexpr double least_here = 0.05;
constexpr double less_elsewhere = 1.0 / 3;

bool is_judged(int scl) { return std::find(judged_classes.begin(), judged_classes.end(), scl) != judged_classes.end(); }

struct Colour {
  float blue;
  float red;
  float nir;
  bool is_known() const { return !std::isnan(blue) && !std::isnan(red) && !std::isnan(nir); }
};

Colour colour_at(const ClassifiedPixels& pixels, int x, int y) {
  return {pixels.blue.at(x, y), pixels.red.at(x, y), pixels.nir.at(x, y)};
}

bool contradicts(const Colour& colour, int scl) {
  const float sum = colour.nir + colour.red;
  // Where nothing reflects there is no index, and nothing is contradicted by it.
  const float ndvi = sum > 0 ? (colour.nir - colour.red) / sum : NAN;
  switch (scl) {
    case 4:
      return ndvi < 0.2F && colour.nir > 0.05F;
    case 5:
      return ndvi > 0.7F;
    case 6:
      return ndvi > 0.3F && colour.nir > 0.15F;
    case 9:
      return colour.blue < 0.1F;
    case 11:
      return ndvi > 0.5F;
    default:
      return false;
  }
}

const char* class_name(std::size_t scl) {
  switch (scl) {
    case 4:
      return "vegetation";
    case 5:
      return "bare ground";
    case 6:
      return "water";
    case 9:
      return "cloud";
    default:
      return "snow";
  }
}

/// Of how many pixels of `some`, laid over `all` at each shift, both are set.
cv::Mat counts_at_shifts(const cv::Mat& all, const cv::Mat& some) {
  cv::Mat counts;
  cv::matchTemplate(all, some, counts, cv::TM_CCORR);
  return counts;
}

/// Of the pixels of a square that can be judged; 0 of few.
double share_contradicted(const ClassifiedPixels& pixels, int left, int top, int side) {
  std::int64_t judged = 0;
  std::int64_t contradicted = 0;
  for (int y = top; y < top + side; ++y) {
    for (int x = left; x < left + side; ++x) {
      const int scl = pixels.classes.at(x, y);
      if (!is_judged(scl)) continue;
      const Colour colour = colour_at(pixels, x, y);
      if (!colour.is_known()) continue;
      ++judged;
      contradicted += contradicts(colour, scl) ? 1 : 0;
    }
  }
  return judged < least_pixels ? 0 : static_cast<double>(contradicted) / static_cast<double>(judged);
}

/// Of the middle of a square, of how many pixels what is laid over them at each shift is judged and contradicted.
struct Shifted {
  cv::Mat judged;
  cv::Mat contradicted;
};

/// A part of the planes, and how far things are moved within it.
struct Square {
  int left = 0;
  int top = 0;
  int side = 0;
  int most = 0;

  int core() const { return side - 2 * most; }
};

/// The classes of the middle over the ground around it, or the ground of the middle under the classes around it.
Shifted shifted(const ClassifiedPixels& pixels, const Square& square, bool middle_is_ground) {
  const int margin_of_ground = middle_is_ground ? square.most : 0;
  const int margin_of_classes = middle_is_ground ? 0 : square.most;
  const int side_of_ground = square.side - 2 * margin_of_ground;
  const int side_of_classes = square.side - 2 * margin_of_classes;
  const int shifts = 2 * square.most + 1;
  const auto over = [&](const cv::Mat& ground, const cv::Mat& classes) {
    return middle_is_ground ? counts_at_shifts(classes, ground) : counts_at_shifts(ground, classes);
  };
  cv::Mat known(side_of_ground, side_of_ground, CV_32F);
  cv::Mat any(side_of_classes, side_of_classes, CV_32F, cv::Scalar(0));
  Shifted counts{{}, cv::Mat(shifts, shifts, CV_32F, cv::Scalar(0))};
  for (const int scl : judged_classes) {
    cv::Mat contradicts_here(side_of_ground, side_of_ground, CV_32F);
    for (int y = 0; y < side_of_ground; ++y) {
      for (int x = 0; x < side_of_ground; ++x) {
        const Colour colour = colour_at(pixels, square.left + margin_of_ground + x, square.top + margin_of_ground + y);
        known.at<float>(y, x) = colour.is_known() ? 1.0F : 0.0F;
        contradicts_here.at<float>(y, x) = colour.is_known() && contradicts(colour, scl) ? 1.0F : 0.0F;
      }
    }
    cv::Mat of_class(side_of_classes, side_of_classes, CV_32F);
    for (int y = 0; y < side_of_classes; ++y) {
      for (int x = 0; x < side_of_classes; ++x) {
        const bool is_it =
            pixels.classes.at(square.left + margin_of_classes + x, square.top + margin_of_classes + y) == scl;
        of_class.at<float>(y, x) = is_it ? 1.0F : 0.0F;
        if (is_it) any.at<float>(y, x) = 1.0F;
      }
    }
    if (cv::countNonZero(of_class) != 0) counts.contradicted += over(contradicts_here, of_class);
  }
  counts.judged = over(known, any);
  return counts;
}

/// Fills in `here`, and where that is much, what follows.
void search_around(const ClassifiedPixels& pixels, ClassAgreement& agreement) {
  const int side = std::min({pixels.classes.width, pixels.classes.height, most_side_px});
  if (side < least_side_px) return;
  const int left = (pixels.classes.width - side) / 2;
  const int top = (pixels.classes.height - side) / 2;
  const int most = std::min(most_shift_px, side / 4);
  const int core = side - 2 * most;
  const int shifts = 2 * most + 1;
  agreement.here = share_contradicted(pixels, left + most, top + most, core);
  agreement.elsewhere = agreement.here;
  if (agreement.here < least_here) return;  // it may lie where it should
  // Both ways: classes that are one everywhere would fit elsewhere by the ground that lies there, and a few that are
  // wrong would be moved out of sight.
  const Square square{left, top, side, most};
  const Shifted over_ground = shifted(pixels, square, false);
  const Shifted under_classes = shifted(pixels, square, true);
  // Counts, but for the rounding of transforms, whose last places differ between CPUs.
  const auto count = [](const cv::Mat& counts, int y, int x) {
    return std::round(static_cast<double>(counts.at<float>(y, x)));
  };
  const double judged_here = count(over_ground.judged, most, most);
  if (!(judged_here >= static_cast<double>(least_pixels))) return;
  for (int y = 0; y < shifts; ++y) {
    for (int x = 0; x < shifts; ++x) {
      if (std::max(std::abs(x - most), std::abs(y - most)) < far_px) continue;
      const int back_y = shifts - 1 - y;
      const int back_x = shifts - 1 - x;
      const double judged_there = count(over_ground.judged, y, x);
      const double judged_back = count(under_classes.judged, back_y, back_x);
      if (2 * std::min(judged_there, judged_back) < judged_here) continue;
      const double share = std::max(count(over_ground.contradicted, y, x) / judged_there,
                                    count(under_classes.contradicted, back_y, back_x) / judged_back);
      if (share >= agreement.elsewhere) continue;
      agreement.elsewhere = share;
      agreement.x_px = x - most;
      agreement.y_px = y - most;
    }
  }
}

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

}  // namespace

ClassAgreement class_agreement(const ClassifiedPixels& pixels) {
  ClassAgreement agreement;
  for (int y = 0; y < pixels.classes.height; ++y) {
    for (int x = 0; x < pixels.classes.width; ++x) {
      const int scl = pixels.classes.at(x, y);
      if (!is_judged(scl)) continue;
      const Colour colour = colour_at(pixels, x, y);
      if (!colour.is_known()) continue;
      const auto n = static_cast<std::size_t>(scl);
      ++agreement.judged[n];
      if (contradicts(colour, scl)) ++agreement.contradicted[n];
    }
  }
  // A classification without contradictions lies nowhere better.
  const auto sum = [](const auto& counts) { return std::accumulate(counts.begin(), counts.end(), std::int64_t{0}); };
  if (sum(agreement.contradicted) >= static_cast<std::int64_t>(least_here * static_cast<double>(least_pixels))) {
    search_around(pixels, agreement);
  }
  return agreement;
}

std::string misclassified(const ClassAgreement& agreement, double pixel_size_m) {
  const auto& judged = agreement.judged;
  const double all = static_cast<double>(std::accumulate(judged.begin(), judged.end(), std::int64_t{0}));
  if (agreement.here >= least_here && agreement.elsewhere <= less_elsewhere * agreement.here) {
    return percent(agreement.here) + " of it contradict the reflectances, and " + percent(agreement.elsewhere) +
           " would if it were " + std::to_string(std::lround(agreement.x_px * pixel_size_m)) + " m further east and " +
           std::to_string(std::lround(agreement.y_px * pixel_size_m)) + " m further south";
  }
  for (std::size_t scl = 0; scl < judged.size(); ++scl) {
    const auto count = static_cast<double>(judged[scl]);
    if (judged[scl] < least_pixels || count < least_share * all) continue;
    const double share = static_cast<double>(agreement.contradicted[scl]) / count;
    if (share <= most_of_a_class) continue;
    return "is not of this scene: " + percent(share) + " of what it calls " + class_name(scl) + " plainly is none";
  }
  return {};
}

}  // namespace pitwatch
