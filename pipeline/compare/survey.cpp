#include "pipeline/compare/survey.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "pipeline/core/error.hpp"
#include "pipeline/evidence/survey.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

constexpr int sample_size_px = 512;
constexpr std::size_t samples_wanted = 9;
constexpr int candidates_tried = 24;
constexpr std::int64_t whole_scene_px = 9LL * sample_size_px * sample_size_px;
constexpr int shift_step_small_px = 48;
constexpr int shift_step_large_px = 96;
constexpr double min_valid_share = 0.5;

bool sampled_whole(const Grid& grid) { return static_cast<std::int64_t>(grid.width) * grid.height <= whole_scene_px; }

/// Windows in the middle of the blocks of the reference band, so that few blocks are decoded, in an order that spreads
/// over the scene from the first few on.
std::vector<Window> candidate_windows(const Grid& grid) {
  constexpr int pitch = 2 * sample_size_px;
  const int columns = std::max(1, grid.width / pitch);
  const int rows = std::max(1, grid.height / pitch);
  const int count = columns * rows;
  std::vector<Window> windows;
  std::vector<bool> taken(static_cast<std::size_t>(count), false);
  // Steps of the golden ratio fill an interval evenly at every length (Weyl sequence).
  for (int i = 0; static_cast<int>(windows.size()) < std::min(count, candidates_tried); ++i) {
    const double position = std::fmod(0.5 + i * 0.6180339887498949, 1.0);
    const auto k = static_cast<std::size_t>(position * count);
    if (taken[k]) {
      if (i > 64 * count) break;
      continue;
    }
    taken[k] = true;
    const int x = static_cast<int>(k) % columns * pitch + sample_size_px / 2;
    const int y = static_cast<int>(k) / columns * pitch + sample_size_px / 2;
    windows.push_back(intersection({x, y, sample_size_px, sample_size_px}, grid.extent()));
  }
  return windows;
}

/// Only read_margin_px is read around a tile: what lies further away is not there.
void check_reach(const Alignment& alignment, const Grid& grid) {
  constexpr double reach_px = 2 * max_shift_px - 1;
  const auto farthest = [](const AxisAlignment& axis, int size) {
    return std::max(std::abs(axis.offset), std::abs(axis.offset + axis.slope * size));
  };
  const double shift = std::max(farthest(alignment.x, grid.width), farthest(alignment.y, grid.height));
  if (shift > reach_px) {
    throw DataError("the scenes lie up to " + std::to_string(std::lround(shift)) +
                    " pixels apart, more than can be aligned");
  }
}

LeasedPixels lease(const PairInputs& inputs, BlockStore& store, const std::vector<Window>& windows) {
  return {inputs, store.lease(windows)};
}

/// What the survey reads of a window: nothing of the bands that only describe.
std::vector<Window> evidence_windows(const PairInputs& inputs, const Window& window) {
  std::vector<Window> windows = inputs.native_windows(window, read_margin_px);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (!inputs.inputs()[i].is_evidence) windows[i] = {};
  }
  return windows;
}

/// The windows of the reference band alone.
std::vector<Window> reference_windows(const PairInputs& inputs, const Window& window) {
  std::vector<Window> windows = inputs.native_windows(window, 0);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (inputs.inputs()[i].band != Band::B04) windows[i] = {};
  }
  return windows;
}

/// Whether both dates have data in most of the window, whose reference windows have been announced.
bool has_data(const PairInputs& inputs, BlockStore& store, const Window& window) {
  const LeasedPixels pixels = lease(inputs, store, reference_windows(inputs, window));
  const PairGeometry geometry = inputs.geometry();
  std::vector<float> row(static_cast<std::size_t>(window.width));
  std::vector<std::uint8_t> mask;
  NearestSampler before;
  NearestSampler after;
  before.begin(pixels, geometry, Date::before, Band::B04, window.x, window.width);
  after.begin(pixels, geometry, Date::after, Band::B04, window.x, window.width);
  std::int64_t valid = 0;
  std::int64_t seen = 0;
  for (int y = window.y; y < window.bottom(); y += 16) {
    mask.assign(row.size(), 0);
    before.row(y, row.data(), mask.data());
    after.row(y, row.data(), mask.data());
    valid += std::count(mask.begin(), mask.end(), std::uint8_t{0});
    seen += window.width;
  }
  return static_cast<double>(valid) >= min_valid_share * static_cast<double>(seen);
}

std::vector<Window> choose_windows(const PairInputs& inputs, BlockStore& store) {
  const Grid& grid = inputs.grid();
  if (sampled_whole(grid)) return {grid.extent()};
  // By the handful, so that few blocks are decoded false alarms where all windows have data.
  const std::vector<Window> candidates = candidate_windows(grid);
  std::vector<Window> chosen;
  for (std::size_t first = 0; first < candidates.size() && chosen.size() < samples_wanted; first += samples_wanted) {
    const std::size_t count = std::min(samples_wanted, candidates.size() - first);
    std::array<std::uint8_t, samples_wanted> usable{};
    for (std::size_t i = 0; i < count; ++i) store.announce(reference_windows(inputs, candidates[first + i]));
    in_parallel(static_cast<int>(count), [&](int i) {
      const auto k = static_cast<std::size_t>(i);
      usable[k] = has_data(inputs, store, candidates[first + k]) ? 1 : 0;
    });
    for (std::size_t i = 0; i < count && chosen.size() < samples_wanted; ++i) {
      if (usable[i] != 0) chosen.push_back(candidates[first + i]);
    }
  }
  // Hardly any data: survey_pair() says so, unless some of the windows have enough after all.
  if (chosen.empty()) chosen = {candidates.front()};
  return chosen;
}

}  // namespace

std::int64_t survey_bytes(const PairInputs& inputs, const BlockStore& store) {
  const auto bytes_of = [&](const std::vector<Window>& windows) {
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const Window blocks = store.layout(static_cast<int>(i)).covering(windows[i]);
      bytes += store.block_bytes(static_cast<int>(i)) * blocks.width * blocks.height;
    }
    return bytes;
  };
  const Grid& grid = inputs.grid();
  if (sampled_whole(grid)) return bytes_of(evidence_windows(inputs, grid.extent()));
  std::int64_t bytes = 0;
  std::size_t samples = 0;
  for (const Window& window : candidate_windows(grid)) {
    if (samples++ == samples_wanted) break;
    bytes += bytes_of(evidence_windows(inputs, window));
  }
  return bytes;
}

PairSurvey survey(const PairInputs& inputs, BlockStore& store, const EvidenceOptions& options) {
  const std::vector<Window> windows = choose_windows(inputs, store);
  const int step = sampled_whole(inputs.grid()) ? shift_step_small_px : shift_step_large_px;

  std::vector<std::vector<Window>> native;
  for (const Window& window : windows) {
    native.push_back(evidence_windows(inputs, window));
    store.announce(native.back());
  }
  std::vector<std::unique_ptr<LeasedPixels>> pixels(windows.size());
  std::vector<std::vector<WindowShift>> shifts(windows.size());
  in_parallel(static_cast<int>(windows.size()), [&](int index) {
    const auto i = static_cast<std::size_t>(index);
    pixels[i] = std::make_unique<LeasedPixels>(lease(inputs, store, native[i]));
    shifts[i] = measure_shifts({windows[i], pixels[i].get()}, inputs.geometry(), step);
  });

  PairSurvey result;
  std::vector<WindowShift> all;
  for (const auto& of_window : shifts) all.insert(all.end(), of_window.begin(), of_window.end());
  result.alignment = fit_alignment(all);
  check_reach(result.alignment, inputs.grid());
  result.geometry = aligned(inputs.geometry(), result.alignment);
  std::vector<SampleWindow> samples;
  for (std::size_t i = 0; i < windows.size(); ++i) samples.push_back({windows[i], pixels[i].get()});
  try {
    result.model = survey_pair(samples, result.geometry, options);
  } catch (const DataError& error) {
    const auto path = [&](Date date) {
      return inputs.inputs()[static_cast<std::size_t>(*inputs.find(date, Band::B04))].asset.path;
    };
    throw DataError("BEFORE " + path(Date::before) + ", AFTER " + path(Date::after) + ": " + error.what());
  }
  return result;
}

}  // namespace pitwatch
