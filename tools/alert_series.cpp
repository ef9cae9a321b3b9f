#include "tools/alert_series.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {

using nlohmann::ordered_json;

namespace {

constexpr std::size_t features_shown = 3;
constexpr int decimals = 4;
constexpr std::string_view what_rows_are = "means over the alert's ground that was seen clear, since it was detected";

std::string number_text(const std::optional<double>& value, int digits) {
  return value ? fixed_text(*value, digits) : "-";
}

ordered_json or_null(const std::optional<double>& value) { return value ? ordered_json(*value) : ordered_json(); }

/// The features by their mean deviation in clear acquisitions, largest first; of those that are shown the order of the
/// monitor.
std::vector<std::size_t> telling_features(const std::vector<ObservedAlert>& rows) {
  std::array<double, observed_features.size()> mean{};
  for (std::size_t f = 0; f < mean.size(); ++f) {
    int count = 0;
    for (const ObservedAlert& row : rows) {
      if (row.use != AlertSeen::clear) continue;
      if (const auto deviation = deviation_sigma(row.features[f])) {
        mean[f] += std::abs(*deviation);
        ++count;
      }
    }
    mean[f] /= std::max(count, 1);
  }
  std::vector<std::size_t> features(mean.size());
  std::iota(features.begin(), features.end(), std::size_t{0});
  std::stable_sort(features.begin(), features.end(), [&](std::size_t a, std::size_t b) { return mean[a] > mean[b]; });
  features.resize(std::min(features_shown, features.size()));
  std::sort(features.begin(), features.end());
  return features;
}

}  // namespace

std::optional<double> deviation_sigma(const ObservedFeature& feature) {
  if (!feature.value || !feature.expected || !feature.sd || !(*feature.sd > 0)) return std::nullopt;
  return (*feature.value - *feature.expected) / *feature.sd;
}

std::string series_text(const AlertSeries& series) {
  const std::vector<std::size_t> features = telling_features(series.rows);
  TextTable table{{"  acquired", "seen", "clear", "disturbed", "probability"}};
  for (const std::size_t f : features) {
    table.front().emplace_back(observed_features[f]);
    table.front().emplace_back("expected");
    table.front().emplace_back("sigma");
  }
  table.front().emplace_back("why");
  for (const ObservedAlert& row : series.rows) {
    std::vector<std::string>& line = table.emplace_back(TextTable::value_type{
        "  " + format_instant(row.acquired), std::string(name(row.use)), fmt::format("{:.2f}", row.clear_share),
        fmt::format("{:.2f}", row.detected_share), number_text(row.probability, 2)});
    for (const std::size_t f : features) {
      const ObservedFeature& feature = row.features[f];
      line.push_back(number_text(feature.value, 3));
      line.push_back(number_text(feature.expected, 3));
      line.push_back(number_text(deviation_sigma(feature), 1));
    }
    line.push_back(row.why);
  }
  return "  from " + series.path + ": " + std::string(what_rows_are) + "\n" + aligned(table);
}

ordered_json series_json(const AlertSeries& series) {
  ordered_json observations = ordered_json::array();
  for (const ObservedAlert& row : series.rows) {
    ordered_json features = ordered_json::object();
    for (std::size_t f = 0; f < observed_features.size(); ++f) {
      const ObservedFeature& feature = row.features[f];
      features[std::string(observed_features[f])] = {{"value", or_null(feature.value)},
                                                     {"expected", or_null(feature.expected)},
                                                     {"sd", or_null(feature.sd)},
                                                     {"deviation", or_null(deviation_sigma(feature))}};
    }
    observations.push_back({{"acquisition", row.acquisition},
                            {"acquired", format_instant(row.acquired)},
                            {"use", name(row.use)},
                            {"why", row.why.empty() ? ordered_json() : ordered_json(row.why)},
                            {"clear_share", row.clear_share},
                            {"detected_share", row.detected_share},
                            {"probability", or_null(row.probability)},
                            {"features", std::move(features)}});
  }
  return {{"from", series.path}, {"of", what_rows_are}, {"observations", std::move(observations)}};
}

std::string series_csv(const AlertSeries& series) {
  const auto without_break = [](std::string line) {
    line.pop_back();
    return line;
  };
  std::string text = without_break(observations_text({}));
  for (const std::string_view feature : observed_features) text.append(",").append(feature).append("_deviation");
  text += '\n';
  for (const ObservedAlert& row : series.rows) {
    text += without_break(observation_line(row));
    for (const ObservedFeature& feature : row.features) {
      const auto deviation = deviation_sigma(feature);
      text += ',' + (deviation ? fixed_text(*deviation, decimals) : std::string());
    }
    text += '\n';
  }
  return text;
}

LonLat place_inside(const LonLatMultiPolygon& outline) {
  const auto height_of = [](const LonLatPolygon& part) {
    const auto [low, high] = std::minmax_element(part.outer.begin(), part.outer.end(),
                                                 [](const LonLat& a, const LonLat& b) { return a.lat < b.lat; });
    return part.outer.empty() ? std::pair(0.0, 0.0) : std::pair(low->lat, high->lat);
  };
  const auto tallest = std::max_element(outline.begin(), outline.end(), [&](const auto& a, const auto& b) {
    const auto [a_low, a_high] = height_of(a);
    const auto [b_low, b_high] = height_of(b);
    return a_high - a_low < b_high - b_low;
  });
  if (tallest == outline.end()) throw DataError("an alert without ground");
  const auto [low, high] = height_of(*tallest);
  const double middle = (low + high) / 2;
  std::vector<double> crossings;
  const auto cross = [&](const LonLatRing& ring) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const LonLat& a = ring[i];
      const LonLat& b = ring[(i + 1) % ring.size()];
      if ((a.lat > middle) != (b.lat > middle)) {
        crossings.push_back(a.lon + (middle - a.lat) / (b.lat - a.lat) * (b.lon - a.lon));
      }
    }
  };
  cross(tallest->outer);
  for (const LonLatRing& hole : tallest->holes) cross(hole);
  std::sort(crossings.begin(), crossings.end());
  double best = -1;
  LonLat place{};
  for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
    const double length = crossings[i + 1] - crossings[i];
    if (length <= best) continue;
    best = length;
    place = {(crossings[i] + crossings[i + 1]) / 2, middle};
  }
  if (best < 0) throw DataError("an alert without ground");
  return place;
}

}  // namespace pitwatch::tools
