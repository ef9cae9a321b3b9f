#include "pipeline/monitor/state.hpp"

#include <span>
#include <string>
#include <type_traits>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

enum class Course { rough, smooth };

template <typename Elements>
StateArray array_of(std::string_view name, Elements& elements, std::size_t shorts, Course course) {
  using Element = typename Elements::value_type;
  static_assert(std::is_trivially_copyable_v<Element>);
  return {
      name, sizeof(Element), shorts, course == Course::smooth, std::as_writable_bytes(std::span<Element>(elements)), 0,
      0};
}

}  // namespace

std::vector<StateArray> state_arrays(MonitorState& state) {
  std::vector<StateArray> arrays{array_of("looks", state.observations, 0, Course::rough),
                                 array_of("whitening", state.whitening, 0, Course::rough),
                                 {"typical_noise", sizeof(float), 0, false,
                                  std::as_writable_bytes(std::span(state.typical_noise).first(state.features)), 0, 0},
                                 state.models.array("models", true),
                                 array_of("kind", state.kind, 0, Course::rough),
                                 state.recent_residuals.array("recent_residuals", false),
                                 state.recent_observations.array("recent_looks", true),
                                 array_of("history", state.history, sizeof(PixelHistory) / 2, Course::smooth),
                                 array_of("counts", state.counts, 4, Course::smooth),
                                 array_of("status", state.status, 0, Course::rough),
                                 array_of("own_evidence", state.own_evidence, 0, Course::rough)};
  if (!state.outliers.empty()) arrays.push_back(array_of("outliers", state.outliers, 0, Course::smooth));
  return arrays;
}

MonitorState unfilled_state(int width, int height, std::size_t observations, std::size_t features) {
  MonitorState state;
  state.features = features;
  state.whitening.assign(features * features, 0);
  state.width = width;
  state.height = height;
  state.observations.resize(observations);
  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  state.models.resize(pixels, features);
  state.kind.resize(pixels);
  state.recent_residuals.resize(pixels, features);
  state.recent_observations.resize(pixels);
  state.history.resize(pixels);
  state.counts.resize(pixels);
  state.status.resize(pixels);
  state.own_evidence.resize(pixels);
  return state;
}

MonitorState make_state(int width, int height, std::size_t features) {
  MonitorState state = unfilled_state(width, height, 0, features);
  const std::size_t pixels = state.pixels();
  state.models.assign(pixels, {}, features);
  state.kind.assign(pixels, no_kind);
  state.recent_residuals.assign(pixels, {}, features);
  state.recent_observations.assign(pixels, no_recent_observations);
  state.history.assign(pixels, {});
  state.counts.assign(pixels, {});
  state.status.assign(pixels, PixelStatus::not_judged);
  state.own_evidence.assign(pixels, pack_log_odds(0));
  return state;
}

void add_observation(MonitorState& state, Instant when) {
  if (state.observations.size() >= most_acquisitions)
    throw DataError("more than " + std::to_string(most_acquisitions) + " looks at a site");
  state.observations.push_back(when);
}

}  // namespace pitwatch
