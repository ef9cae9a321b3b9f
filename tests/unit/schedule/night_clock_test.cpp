// The pieces of a night as they end, and seconds by stage.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/schedule/night_clock.hpp"

namespace pitwatch {
namespace {

TEST(NightClock, SumsByStageWhatAnyThreadAdds) {
  NightClock clock;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) clock.add({NightStage::read, "pit"}, 0.5);
    });
  }
  for (std::thread& thread : threads) thread.join();
  clock.add({NightStage::publish}, 2);
  for (const auto& [stage, seconds] : clock.seconds()) {
    EXPECT_EQ(seconds, stage == "read" ? 2000 : stage == "publish" ? 2 : 0) << stage;
  }
}

TEST(NightClock, ALapTellsOfWhatItWasAndWhatAnExceptionEndsDoesNotCount) {
  std::vector<std::string> told;
  NightClock clock([&](const NightWork& work, double seconds) {
    EXPECT_GE(seconds, 0);
    told.push_back(std::string(name(work.stage)) + " " + work.site);
  });
  { const NightLap lap(&clock, {NightStage::judge, "pit"}); }
  { const NightLap nobody(nullptr, {NightStage::judge, "pit"}); }
  EXPECT_THROW(
      {
        const NightLap lap(&clock, {NightStage::save, "pit"});
        throw std::runtime_error("disk full");
      },
      std::runtime_error);
  EXPECT_EQ(told, std::vector<std::string>{"judge pit"});
}

}  // namespace
}  // namespace pitwatch
