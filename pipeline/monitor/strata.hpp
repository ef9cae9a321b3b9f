#pragma once
// Which pixels of a site are similar ground: those whose years look alike.

#include <cstdint>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/monitor/rows.hpp"
#include "pipeline/monitor/season_model.hpp"

namespace pitwatch {

inline constexpr std::uint8_t kind_count = 12;
inline constexpr std::uint8_t no_kind = 255;

/// Groups pixels by the course of NDVI over their year and by their mean brightness in the visible and in B11: k-means
/// (Lloyd 1982) from the farthest points (Gonzalez 1985), on a sample, without chance. no_kind where a model is not
/// fitted.
PixelVector<std::uint8_t> group_ground(const SeasonModels& models, const RowLoop& rows = serial_rows);

}  // namespace pitwatch
