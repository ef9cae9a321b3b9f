// Nights in units of work with their register in a database.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/unit_nights.hpp"
#include "tests/unit/io/alerts/postgis_server.hpp"

namespace pitwatch {
namespace {

using test::Outcome;
using test::UnitNights;
using ::testing::IsEmpty;

TEST(UnitsSlow, ARegisterInADatabaseComesToWhatARunComesTo) {
  if (!test::PostgisServer::is_installed()) GTEST_SKIP() << "no PostgreSQL with PostGIS";
  const test::PostgisServer server;
  const UnitNights nights;
  const std::string one = nights / "one";
  const std::string many = nights / "many";
  const std::vector<std::string> there{"--register", server.target()};
  const auto contents = [](const std::string& state) {
    test::Contents all = test::lasting_without_units(state);
    all.erase("register.gpkg");
    return all;
  };
  for (const auto& [first, last] : std::vector<std::pair<std::size_t, std::size_t>>{{0, 28}, {28, 31}}) {
    nights.deliver_to_all(first, last);
    ASSERT_EQ(nights.run("run", one).exit_code, 0);
    const Outcome plan = nights.run("plan", many, there);
    ASSERT_EQ(plan.exit_code, 0) << plan.err;
    for (const std::string& id : UnitNights::units_of(plan.out)) {
      std::vector<std::string> unit = there;
      unit.insert(unit.end(), {"--unit", id});
      const Outcome done = nights.run("run", many, unit);
      EXPECT_EQ(done.exit_code, 0) << done.err;
    }
    for (int i = 0; i < 2; ++i) {  // the second time there is nothing to do
      const Outcome merged = nights.run("merge", many, there);
      EXPECT_EQ(merged.exit_code, 0) << merged.err;
    }
    EXPECT_EQ(test::lasting_rows(server.target()), test::lasting_rows(one + "/register.gpkg"));
    EXPECT_THAT(test::differences(contents(one), contents(many)), IsEmpty());
    EXPECT_EQ(test::verify(many).exit_code, 0);
  }
}

}  // namespace
}  // namespace pitwatch
