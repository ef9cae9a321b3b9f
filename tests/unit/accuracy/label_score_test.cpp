// Label rasters drawn as text: '#' changed, '.' unchanged, '?' not judged. A pixel of 100 m is 1 ha.

#include "pipeline/accuracy/label_score.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double pixel_size_m = 100;

Plane<std::uint16_t> label_of(const std::vector<std::string>& picture) {
  Plane<std::uint16_t> label(static_cast<int>(picture[0].size()), static_cast<int>(picture.size()));
  for (int y = 0; y < label.height(); ++y) {
    for (int x = 0; x < label.width(); ++x) {
      const char c = picture[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
      label.at(x, y) = c == '#' ? label_changed : c == '?' ? label_not_judged : label_unchanged;
    }
  }
  return label;
}

/// Alerts that fill their windows.
LabelScore score_of(const std::vector<std::string>& picture, const std::vector<Window>& windows,
                    double min_area_ha = 1) {
  const Plane<std::uint16_t> label = label_of(picture);
  std::vector<Plane<std::uint8_t>> planes;
  for (const Window& window : windows) {
    Plane<std::uint8_t>& plane = planes.emplace_back(window.width, window.height);
    for (int y = 0; y < window.height; ++y) std::fill_n(plane.row(y), window.width, std::uint8_t{1});
  }
  std::vector<RasterisedAlert> alerts;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    alerts.push_back({windows[i], std::as_const(planes[i]).view()});
  }
  return score_against_label(label.view(), pixel_size_m, alerts, min_area_ha);
}

TEST(LabelScore, Pixels) {
  // The alert covers one of two changed, one of two unjudged and one of four unchanged pixels.
  const LabelScore score = score_of({"#?.", "#?.", "..."}, {{0, 0, 3, 1}});
  EXPECT_EQ(score.true_positives, 1);
  EXPECT_EQ(score.false_positives, 1);
  EXPECT_EQ(score.false_negatives, 1);
  EXPECT_EQ(score.precision(), 0.5);
  EXPECT_EQ(score.recall(), 0.5);
  EXPECT_EQ(score.f1(), 0.5);
  EXPECT_NEAR(score.iou(), 1.0 / 3, 1e-15);
  EXPECT_NEAR(score.judged_km2, 0.07, 1e-15);
}

TEST(LabelScore, ObjectsTouchAtCorners) {
  // One object of 5 pixels, of which one in an alert is a fifth; one of 6, where it is less; one below the least area.
  const LabelScore score =
      score_of({"##....###", "..#...###", "...##....", ".........", "#........"}, {{0, 0, 1, 1}, {6, 0, 1, 1}}, 2);
  EXPECT_EQ(score.objects, 2);
  EXPECT_EQ(score.found, 1);
  EXPECT_EQ(score.object_recall(), 0.5);
}

TEST(LabelScore, FalseAlertsAreFarFromChange) {
  // Distance 3 along rows and columns is near; 4 is not, nor is the diagonal (2, 2).
  EXPECT_EQ(score_of({"#......."}, {{3, 0, 1, 1}}).false_alerts, 0);
  EXPECT_EQ(score_of({"#......."}, {{4, 0, 1, 1}}).false_alerts, 1);
  EXPECT_EQ(score_of({"#...", "....", "..#."}, {{3, 0, 1, 1}}).false_alerts, 0);  // 3 from either
  EXPECT_EQ(score_of({"#...", "....", "...."}, {{2, 2, 1, 1}}).false_alerts, 1);
  EXPECT_EQ(score_of({"....?..."}, {{4, 0, 1, 1}}).false_alerts, 0);       // not judged
  EXPECT_EQ(score_of({"........"}, {{4, 0, 1, 1}}, 1.5).false_alerts, 0);  // below the least area
  // 2 of 20 pixels near change are a tenth: not less.
  EXPECT_EQ(score_of({"#......................."}, {{2, 0, 20, 1}}).false_alerts, 0);
  EXPECT_EQ(score_of({"#......................."}, {{2, 0, 21, 1}}).false_alerts, 1);
  EXPECT_NEAR(*score_of({"#......."}, {{4, 0, 1, 1}}).false_per_km2(), 12.5, 1e-12);  // on 8 ha
}

TEST(LabelScore, NothingToScore) {
  const LabelScore score = score_of({"??"}, {});
  EXPECT_EQ(score.precision(), 0);
  EXPECT_EQ(score.f1(), 0);
  EXPECT_FALSE(score.object_recall());
  EXPECT_FALSE(score.false_per_km2());
}

TEST(LabelScore, OtherValuesAreRefused) {
  Plane<std::uint16_t> label = label_of({"#."});
  label.at(1, 0) = 7;
  EXPECT_THROW(score_against_label(label.view(), pixel_size_m, {}, 1), DataError);
}

}  // namespace
}  // namespace pitwatch
