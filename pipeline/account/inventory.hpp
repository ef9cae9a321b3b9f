#pragma once
// What kind of object a disturbed piece of ground is: by its class, its shape and what lies beside it. Ten metre pixels
// show no heights and no roofs: what they cannot tell is cannot_tell.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/account/ledger.hpp"
#include "pipeline/core/alert.hpp"

namespace pitwatch {

/// pit_or_dump: dug or heaped up. Which of both cannot be told: without the heights of before and after, a dump is a
/// pit turned over.
enum class ObjectKind : std::uint8_t { pit, pit_or_dump, pond, road, building, other, cannot_tell };
inline constexpr std::array<std::string_view, 7> object_kind_names{"pit",      "pit_or_dump", "pond",       "road",
                                                                   "building", "other",       "cannot_tell"};
inline std::string_view name(ObjectKind kind) { return object_kind_names[static_cast<std::size_t>(kind)]; }

/// The rule by which a kind was given.
enum class KindRule : std::uint8_t {
  no_disturbance,   // a class that speaks of no dug, covered or built ground
  water,            // became water
  bright_by_water,  // built or bright, beside ground that became water
  narrow_line,      // narrow and long
  bright_small,     // built or bright, and small
  bright_large,     // built or bright, and not
  bared,            // plants or soil gave way to bare ground
  bare_changed,     // bare ground became another
  none,
};
inline constexpr std::array<std::string_view, 9> kind_rule_names{"no_disturbance", "water",        "bright_by_water",
                                                                 "narrow_line",    "bright_small", "bright_large",
                                                                 "bared",          "bare_changed", "none"};
inline std::string_view name(KindRule rule) { return kind_rule_names[static_cast<std::size_t>(rule)]; }

/// Measured on the pixels of an object.
struct ObjectShape {
  double area_m2 = 0;
  double width_m = 0;     // of the widest place: the largest square that lies within
  double elongation = 0;  // area / width^2: a square has 1, a disc 1.6, a road 20 and more
};

/// `keys` ascending, of one zone; pixels of 10 m.
ObjectShape shape_of(std::span<const PixelKey> keys);

struct KindOfObject {
  ObjectKind kind = ObjectKind::cannot_tell;
  KindRule rule = KindRule::none;
  double probability = 0;  // of the kind by that rule among simulated objects (README.md), 0..1; of cannot_tell 0
};

/// `by_new_water`: within 30 m lies an object that became water.
KindOfObject kind_of(ChangeClass change_class, const ObjectShape& shape, bool by_new_water);

/// Whether two sets of pixels, ascending, come within so many pixels of each other, along rows and columns.
bool are_within(std::span<const PixelKey> a, std::span<const PixelKey> b, int pixels);

}  // namespace pitwatch
