#pragma once
// Large sites are watched in panes, so that memory, and what a square kilometre costs, do not grow with the site.

#include <span>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/site.hpp"
#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// A part of a site with ground around it that the panes beside it have, too. What is learnt of a pane is its own.
struct Pane {
  std::string name;  // "pane-ROW-COLUMN"; empty where it is all of the site
  Grid grid;
  Window core;   // in pixels of the site's grid; together the cores are the site, without overlap
  int left = 0;  // of the pane's grid in the site's
  int top = 0;
};

/// The panes of a site, row by row: cores of up to 12.8 km a side, with 640 m around them where there is more than one.
/// They depend on the size of the site alone, so that results do.
std::vector<Pane> panes_of(const Grid& site);

/// "SITE", or "SITE/PANE" where there are several: the name of a pane's folders, and what its alerts' ids depend on.
std::string place_of(const Site& site, const Pane& pane);

/// What an alert of a pane is known by.
struct PaneAlert {
  std::string id;
  Instant first_detected{};
  std::vector<Run> runs;  // in pixels of the pane's grid
  bool superseded = false;
};

/// Which alerts of a site are reported, by pane and place in the list: ground that two panes see is reported once.
/// Those without a pixel in their pane's core are the other pane's. Of those left, in order of first sight, then of id,
/// one is reported unless half of its ground is that of others, of other panes, that are reported already. Superseded
/// ones go by one another alone, so that they neither hide what stands for them nor are hidden by it.
std::vector<std::vector<bool>> reported_once(std::span<const Pane> panes,
                                             std::span<const std::vector<PaneAlert>> alerts);

}  // namespace pitwatch
