#include "pipeline/core/misspelling.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pitwatch {
namespace {

TEST(Misspelling, NearNamesAreMeant) {
  const std::vector<std::string> known{"map", "reference", "stratum_area_ha", "count", "site"};
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  for (const auto& [name, meant] :
       std::vector<std::pair<std::string, std::string>>{{"Count", "count"},
                                                        {"COUNTS", "count"},
                                                        {"coutn", "count"},
                                                        {"Site", "site"},
                                                        {"sites", "site"},
                                                        {"maps", "map"},
                                                        {"Stratum-Area ha", "stratum_area_ha"},
                                                        {"refrence", "reference"}}) {
    EXPECT_EQ(meant_by(name, known).value_or(""), meant) << name;
  }
  for (const std::string name :
       {"count", "map", "", "id", "lon", "lat", "date", "notes", "comment", "interpreter", "n"}) {
    EXPECT_FALSE(meant_by(name, known)) << name;
  }
  EXPECT_FALSE(meant_by(std::string(1 << 20, 'x'), known));
}

}  // namespace
}  // namespace pitwatch
