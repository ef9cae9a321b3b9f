#include "pipeline/gate/dark_pixels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double floor_with_offset = 0.1;
constexpr double offset_tolerance = 0.02;

constexpr double share_below_floor = 0.01;
constexpr std::uint32_t fewest_below_floor = 500;

constexpr double darkest_share = 0.0005;
constexpr double edge_share = 0.01;
constexpr double widest_edge = 0.035;
constexpr double darkest_edge = 0.08;
constexpr double infrared_difference = 0.03;  // between B11 and B12, of what is dark
constexpr double brightest_infrared_edge = 0.13;
constexpr double brightest_edge = 0.18;
constexpr double darker_than_offset = 0.075;
constexpr std::uint32_t fewest_for_edge = 10'000;

bool is_short_wave_infrared(Band band) { return band == Band::B11 || band == Band::B12; }

/// The r below which no ground lies if the offset is in the pixels; nothing for a band that does not tell.
std::optional<double> limit_of(Band band) {
  switch (band) {
    case Band::B04:
      return 0.05;
    case Band::B08:
    case Band::B8A:
      return 0.07;
    case Band::B11:
    case Band::B12:
      return 0.08;
    default:
      return std::nullopt;
  }
}

std::string text(const char* format, double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, value);
  return buffer.data();
}

/// The dark end of one band's r.
struct DarkEnd {
  Band band = Band::B04;
  std::uint32_t valid = 0;
  double limit = 0;
  double share_below_limit = 0;
  double darkest = 0;  // quantiles
  double edge = 0;

  bool is_sharp(double brightest) const {
    return valid >= fewest_for_edge && darkest >= darkest_edge && darkest <= brightest && edge - darkest <= widest_edge;
  }
};

DarkEnd dark_end(const BandPixels& pixels, double limit) {
  std::vector<std::uint32_t> counts(65536, 0);
  for (int y = 0; y < pixels.dn.height; ++y) {
    const std::uint16_t* const row = pixels.dn.row(y);
    for (int x = 0; x < pixels.dn.width; ++x) ++counts[row[x]];
  }
  if (pixels.calibration.nodata) counts[*pixels.calibration.nodata] = 0;
  if (pixels.calibration.saturated) counts[*pixels.calibration.saturated] = 0;
  const DnRange range = physical_range(pixels.calibration);
  std::fill(counts.begin(), counts.begin() + range.lowest, 0U);
  std::fill(counts.begin() + range.highest + 1, counts.end(), 0U);

  DarkEnd result;
  result.band = pixels.band;
  result.limit = limit;
  for (const std::uint32_t count : counts) result.valid += count;
  const double scale = pixels.calibration.scale;
  const double total = result.valid;
  double below = 0;
  bool past_darkest = false;
  for (std::size_t dn = 0; dn < counts.size(); ++dn) {
    if (counts[dn] == 0) continue;
    const double r = static_cast<double>(dn) * scale;
    if (r < limit) result.share_below_limit += counts[dn] / total;
    below += counts[dn];
    if (!past_darkest && below > darkest_share * total) {
      result.darkest = r;
      past_darkest = true;
    }
    if (below > edge_share * total) {
      result.edge = r;
      if (r >= limit) break;
    }
  }
  return result;
}

/// The offset of all bands; nothing where they differ.
std::optional<double> common_offset(std::span<const BandPixels> bands) {
  const auto [least, most] = std::minmax_element(bands.begin(), bands.end(), [](const auto& a, const auto& b) {
    return a.calibration.offset < b.calibration.offset;
  });
  if (most->calibration.offset - least->calibration.offset > 1e-6F) return std::nullopt;
  return least->calibration.offset;
}

std::string darkest_of(const std::vector<DarkEnd>& ends) {
  std::string result;
  for (const DarkEnd& end : ends) {
    if (end.valid == 0) continue;
    result.append(result.empty() ? "" : ", ").append(name(end.band)).append(text(" %.3f", end.darkest));
  }
  return result;
}

}  // namespace

OffsetFinding check_offsets(std::span<const BandPixels> bands) {
  std::vector<BandPixels> telling;
  std::copy_if(bands.begin(), bands.end(), std::back_inserter(telling),
               [](const BandPixels& pixels) { return limit_of(pixels.band).has_value(); });
  if (telling.empty()) return {OffsetVerdict::cannot_tell, "none of B04, B08, B8A, B11 and B12 is there"};
  const auto declared = common_offset(telling);
  if (!declared) return {OffsetVerdict::cannot_tell, "offsets differ between bands"};
  const bool with_offset = std::abs(*declared + floor_with_offset) <= offset_tolerance;
  if (!with_offset && std::abs(*declared) > offset_tolerance) {
    return {OffsetVerdict::cannot_tell, "offset " + text("%g", *declared) + " is neither 0 nor -0.1"};
  }

  std::vector<DarkEnd> ends;
  for (const BandPixels& pixels : telling) ends.push_back(dark_end(pixels, *limit_of(pixels.band)));
  const auto darkest = std::max_element(ends.begin(), ends.end(), [](const DarkEnd& a, const DarkEnd& b) {
    return a.share_below_limit < b.share_below_limit;
  });
  const auto below_floor = std::find_if(ends.begin(), ends.end(), [&](const DarkEnd& end) {
    return end.valid >= fewest_below_floor && end.share_below_limit >= share_below_floor;
  });
  if (below_floor != ends.end()) {
    const DarkEnd& end = darkest->valid >= fewest_below_floor ? *darkest : *below_floor;
    const std::string share =
        text("%.1f %%", 100 * end.share_below_limit) + " of " + std::string(name(end.band)) + " is ";
    if (with_offset) {
      return {OffsetVerdict::contradicts, share + "below" + text(" %.2f", end.limit + *declared) +
                                              " reflectance with the offset of -0.1, which is not in the pixels"};
    }
    return {OffsetVerdict::agrees,
            share + "below" + text(" %.2f", end.limit) + " reflectance, which an offset in the pixels would not leave"};
  }

  // Water and shade are as dark in one of the short-wave infrared bands as in the other; thin cloud over all of a
  // scene, which may end as sharply, is not.
  bool infrared = false;
  double infrared_least = 1;
  double infrared_most = 0;
  for (const DarkEnd& end : ends) {
    if (!is_short_wave_infrared(end.band) || end.valid == 0) continue;
    infrared = infrared || end.is_sharp(brightest_infrared_edge);
    infrared_least = std::min(infrared_least, end.darkest);
    infrared_most = std::max(infrared_most, end.darkest);
  }
  infrared = infrared && infrared_most - infrared_least <= infrared_difference;
  const bool other = std::any_of(ends.begin(), ends.end(), [](const DarkEnd& end) {
    return !is_short_wave_infrared(end.band) && end.is_sharp(brightest_edge);
  });
  const bool nothing_darker = std::all_of(
      ends.begin(), ends.end(), [](const DarkEnd& end) { return end.valid == 0 || end.darkest >= darker_than_offset; });
  if (infrared && other && nothing_darker) {
    const std::string figures = "the darkest ground ends sharply above 0.1 before any offset: " + darkest_of(ends);
    if (with_offset) return {OffsetVerdict::agrees, figures};
    return {OffsetVerdict::contradicts, figures + "; an offset is in the pixels, and none is declared"};
  }
  const bool some = std::any_of(ends.begin(), ends.end(), [](const DarkEnd& end) { return end.valid > 0; });
  return {OffsetVerdict::cannot_tell,
          some ? "no ground that is dark enough, or too little of it: darkest before any offset " + darkest_of(ends)
               : "no valid pixel"};
}

OffsetCheck offset_check_from(std::string_view value) {
  if (value == "refuse") return OffsetCheck::refuse;
  if (value == "warn") return OffsetCheck::warn;
  if (value == "off") return OffsetCheck::off;
  throw ConfigError("offset_check is 'refuse', 'warn' or 'off', not '" + std::string(value) + "'");
}

OffsetDecision decide_on_offsets(const OffsetBasis& basis, const OffsetFinding& finding, OffsetCheck check) {
  OffsetDecision decision;
  decision.warnings = basis.contradictions;
  if (check == OffsetCheck::off) return decision;
  if (finding.verdict != OffsetVerdict::contradicts) {
    const char* const says = finding.verdict == OffsetVerdict::agrees ? "the pixels agree with offsets by "
                                                                      : "the pixels do not tell about offsets by ";
    if (!basis.contradictions.empty()) decision.warnings.push_back(says + basis.rule + ": " + finding.text);
    return decision;
  }
  const std::string found = "offsets by " + basis.rule + " contradict the pixels: " + finding.text;
  if (check == OffsetCheck::warn) {
    decision.warnings.push_back(found);
  } else {
    decision.use = false;
    decision.reason = found;
  }
  return decision;
}

}  // namespace pitwatch
