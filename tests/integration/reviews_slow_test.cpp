// Reviews by eight people at once in a database whose server is killed.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/nights.hpp"
#include "tests/integration/review_crowd.hpp"
#include "tests/unit/io/alerts/postgis_server.hpp"

namespace pitwatch {
namespace {

using test::Nights;
using test::Outcome;
using test::ReviewCrowd;

TEST(Reviews, InADatabaseWhoseServerIsKilledTenTimes) {
  if (!test::PostgisServer::is_installed()) GTEST_SKIP() << "no PostgreSQL with PostGIS";
  test::PostgisServer server;
  constexpr std::size_t first_night = 30;
  const Nights nights;
  const std::string state = nights / "state";
  nights.deliver(0, first_night);
  const std::vector<std::string> there{"--register", server.target()};
  ASSERT_EQ(nights.run(state, there).exit_code, 0);
  ReviewCrowd crowd(state, there);
  std::size_t scene = first_night;
  int kills = 0;
  std::thread killer([&] {
    while (crowd.is_at_work() && kills < 10) {
      std::this_thread::sleep_for(std::chrono::milliseconds(700));
      server.stop();
      server.start();
      ++kills;
    }
  });
  int done = 0;
  while (crowd.is_at_work()) {
    if (scene < test::night_scenes().names().size()) {
      nights.deliver(scene, scene + 1);
      ++scene;
    }
    const Outcome night = nights.run(state, there);
    EXPECT_NE(night.exit_code, 4) << night.err;
    EXPECT_LE(test::lines_of(night.err).size(), 2U) << night.err;
    done += night.exit_code == 0 ? 1 : 0;
  }
  crowd.join();
  killer.join();
  for (const Outcome& refused : crowd.refused()) {
    const std::vector<std::string> lines = test::lines_of(refused.err);
    const auto is_ours = [](const std::string& line) { return line.starts_with("pitwatch: "); };
    const auto is_error = [](const std::string& line) { return line.find(": error: ") != std::string::npos; };
    EXPECT_TRUE(std::all_of(lines.begin(), lines.end(), is_ours)) << refused.err;
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(), is_error), 1) << refused.err;
  }
  const std::size_t acknowledged = crowd.expect_in(server.target());
  std::cout << kills << " kills, " << done << " nights done, " << acknowledged << " reviews acknowledged, "
            << crowd.refused().size() << " refused, of which " << crowd.recorded_beyond() << " are there\n";
  EXPECT_GE(kills, 5);
  EXPECT_GT(acknowledged, 20U);
  // What was killed is caught up by the next night.
  const Outcome next = nights.run(state, there);
  EXPECT_EQ(next.exit_code, 0) << next.err;
  const Outcome verified = test::verify(state);
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  EXPECT_EQ(crowd.expect_in(server.target()), acknowledged);
}

}  // namespace
}  // namespace pitwatch
