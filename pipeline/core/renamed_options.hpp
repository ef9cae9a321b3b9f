#pragma once
// Options that had another name in an earlier version. The former names are still understood, on command lines, in
// configuration and in sites files; what is hashed goes by them, so that the hash of the same options stays.

#include <algorithm>
#include <array>
#include <string_view>

namespace pitwatch {

struct RenamedOption {
  std::string_view former;
  std::string_view present;
};

inline constexpr std::array<RenamedOption, 13> renamed_options{{
    {"min-looks", "min-observations"},
    {"looks-for-first-harmonic", "observations-for-first-harmonic"},
    {"looks-for-second-harmonic", "observations-for-second-harmonic"},
    {"noise-prior-looks", "noise-prior-observations"},
    {"season-looks", "season-observations"},
    {"whole-year-looks", "whole-year-observations"},
    {"look-limit-sigma", "observation-limit-sigma"},
    {"single-look-share", "single-observation-share"},
    {"window-looks", "window-observations"},
    {"confirm-looks", "confirm-observations"},
    {"close-provisional-looks", "close-provisional-observations"},
    {"close-confirmed-looks", "close-confirmed-observations"},
    {"own-masks", "spectral-masks"},
}};

/// The name that an option has now, whichever of its names is given; other names stay.
constexpr std::string_view present_name(std::string_view name) {
  for (const RenamedOption& option : renamed_options) {
    if (option.former == name) return option.present;
  }
  return name;
}

/// The name under which an option is hashed.
constexpr std::string_view hashed_name(std::string_view name) {
  for (const RenamedOption& option : renamed_options) {
    if (option.present == name) return option.former;
  }
  return name;
}

}  // namespace pitwatch
