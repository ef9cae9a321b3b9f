#include "pipeline/monitor/state.hpp"

#include <type_traits>

namespace pitwatch {
namespace {

template <typename Elements>
StateArray array_of(std::string_view name, Elements& elements) {
  using Element = typename Elements::value_type;
  static_assert(std::is_trivially_copyable_v<Element>);
  return {name, sizeof(Element), std::as_writable_bytes(std::span<Element>(elements))};
}

}  // namespace

std::vector<StateArray> state_arrays(MonitorState& state) {
  return {array_of("looks", state.looks),
          array_of("whitening", state.whitening),
          array_of("typical_noise", state.typical_noise),
          array_of("models", state.models),
          array_of("kind", state.kind),
          array_of("recent", state.recent),
          array_of("history", state.history),
          array_of("counts", state.counts),
          array_of("status", state.status),
          array_of("own_evidence", state.own_evidence)};
}

MonitorState make_state(int width, int height, std::size_t looks) {
  MonitorState state;
  state.width = width;
  state.height = height;
  state.looks.resize(looks);
  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  state.models.resize(pixels);
  state.kind.assign(pixels, no_kind);
  state.recent.resize(pixels);
  state.history.resize(pixels);
  state.counts.resize(pixels);
  state.status.assign(pixels, PixelStatus::not_judged);
  state.own_evidence.assign(pixels, 0);
  return state;
}

}  // namespace pitwatch
