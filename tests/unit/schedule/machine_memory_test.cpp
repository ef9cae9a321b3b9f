#include "pipeline/schedule/machine_memory.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::TemporaryFolder;
using test::write_text;

constexpr std::int64_t mib = std::int64_t{1} << 20;

class MachineMemory : public ::testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ / path).parent_path());
    write_text(root_ / path, text);
  }
  TemporaryFolder root_;
};

TEST_F(MachineMemory, IsTheMachinesWhereNothingLimitsIt) {
  const std::int64_t machine = usable_memory_bytes(root_.path());
  EXPECT_GT(machine, 64 * mib);
  put("proc/self/cgroup", "0::/system.slice/watch.service\n");
  put("sys/fs/cgroup/system.slice/watch.service/memory.max", "max\n");
  EXPECT_EQ(usable_memory_bytes(root_.path()), machine);
}

TEST_F(MachineMemory, IsTheLeastLimitOfTheGroupAndThoseAround) {
  put("proc/self/cgroup", "0::/system.slice/watch.service\n");
  put("sys/fs/cgroup/system.slice/watch.service/memory.max", std::to_string(48 * mib) + "\n");
  put("sys/fs/cgroup/system.slice/memory.max", std::to_string(32 * mib) + "\n");
  EXPECT_EQ(usable_memory_bytes(root_.path()), 32 * mib);
  put("sys/fs/cgroup/system.slice/watch.service/memory.max", std::to_string(16 * mib) + "\n");
  EXPECT_EQ(usable_memory_bytes(root_.path()), 16 * mib);
}

TEST_F(MachineMemory, OfAContainerTheRootCounts) {
  put("proc/self/cgroup", "0::/../../docker/0123\n");
  put("sys/fs/cgroup/memory.max", std::to_string(24 * mib) + "\n");
  EXPECT_EQ(usable_memory_bytes(root_.path()), 24 * mib);
}

TEST_F(MachineMemory, OfTheFirstVersionTheMemoryController) {
  put("proc/self/cgroup", "12:cpu,cpuacct:/a\n5:hugetlb,memory:/b\n0::/c\n");
  put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", std::to_string(8 * mib));
  put("sys/fs/cgroup/memory/b/memory.limit_in_bytes", std::to_string(40 * mib));
  EXPECT_EQ(usable_memory_bytes(root_.path()), 40 * mib);
}

}  // namespace
}  // namespace pitwatch
