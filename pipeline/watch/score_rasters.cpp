#include "pipeline/watch/score_rasters.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "pipeline/core/alert_colours.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "pipeline/io/raster/raster_statistics.hpp"
#include "pipeline/polygons/components.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

constexpr std::uint8_t not_seen = 250;
constexpr Colour not_seen_colour{205, 205, 215};

struct StatusColour {
  PixelStatus status;
  Colour colour;
};

constexpr std::array<StatusColour, 5> status_colours{{
    {PixelStatus::stable, stable_colour},
    {PixelStatus::provisional, alert_status_colours[static_cast<std::size_t>(AlertStatus::provisional)]},
    {PixelStatus::confirmed, alert_status_colours[static_cast<std::size_t>(AlertStatus::confirmed)]},
    {PixelStatus::closed, alert_status_colours[static_cast<std::size_t>(AlertStatus::closed)]},
    {PixelStatus::recovering, alert_status_colours[static_cast<std::size_t>(AlertStatus::recovering)]},
}};

RasterStatistics statistics_of(PlaneView<const std::uint8_t> codes, const std::array<float, 256>& values) {
  std::array<std::int64_t, 256> counts{};
  for (int y = 0; y < codes.height; ++y) {
    for (int x = 0; x < codes.width; ++x) ++counts[codes.row(y)[x]];
  }
  RasterStatistics statistics;
  for (std::size_t code = 0; code < cog_nodata_code; ++code) {
    if (counts[code] > 0) statistics.add(static_cast<double>(values[code]), counts[code]);
  }
  return statistics;
}

struct ScorePlanes {
  Plane<std::uint8_t> score;
  Plane<std::uint8_t> status;
};

ScorePlanes planes_of(const Observation& seen, const Grid& grid) {
  ScorePlanes planes{Plane<std::uint8_t>(grid.width, grid.height), Plane<std::uint8_t>(grid.width, grid.height)};
  std::size_t i = 0;
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x, ++i) {
      const bool is_judged = seen.status[i] != PixelStatus::not_judged;
      const ObservationUse use = seen.use[i];
      const bool is_seen = use != ObservationUse::unseen && use != ObservationUse::screened;
      planes.score.at(x, y) =
          is_judged ? static_cast<std::uint8_t>(std::lround(score_max * seen.probability[i])) : cog_nodata_code;
      planes.status.at(x, y) = !is_judged ? cog_nodata_code
                               : is_seen  ? static_cast<std::uint8_t>(seen.status[i])
                                          : not_seen;
    }
  }
  return planes;
}

}  // namespace

void write_scores(const std::string& folder, const Grid& grid, const AcquisitionTaken& taken,
                  const std::string& algorithm) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw ConfigError("--write-scores " + folder + ": cannot be made: " + error.message());
  std::string time = format_instant(taken.record.acquired);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  const ScorePlanes planes = planes_of(*taken.observation, grid);
  const std::vector<std::pair<std::string, std::string>> items{
      {"SCENE", taken.record.scene()}, {"ACQUIRED", format_instant(taken.record.acquired)}, {"ALGORITHM", algorithm}};

  CogMetadata score{"probability that the ground is disturbed, after this acquisition", items};
  const std::array<float, 256> values = shares_of_codes(score_max);
  score.band_items =
      statistics_items(statistics_of(planes.score.view(), values), std::int64_t{grid.width} * grid.height);
  write_cog_float(folder + "/" + time + "_score.tif", grid, planes.score.view(), values, score, in_parallel);

  CogMetadata status{"status of each pixel after this acquisition", items};
  for (const auto& [of, colour] : status_colours) {
    status.items.emplace_back("STATUS_" + std::to_string(static_cast<int>(of)), name(of));
    status.colours[static_cast<std::uint8_t>(of)] = {colour.red, colour.green, colour.blue};
  }
  status.items.emplace_back("STATUS_" + std::to_string(not_seen), "not seen");
  status.colours[not_seen] = {not_seen_colour.red, not_seen_colour.green, not_seen_colour.blue};
  write_cog_byte(folder + "/" + time + "_status.tif", grid, planes.status.view(), status, in_parallel);
}

}  // namespace pitwatch
