#include "echo/report/axis.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "echo/base/time.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using Latencies = std::vector<Duration>;

TEST(Axis, MapsValuesToPixels) {
  constexpr Axis kUp{.first_value = 0, .last_value = 10, .first_pixel = 500, .last_pixel = 300};
  EXPECT_EQ(kUp.at(0), 500);
  EXPECT_EQ(kUp.at(5), 400);
  EXPECT_EQ(kUp.at(10), 300);
}

TEST(Axis, LabelsRoundLatencies) {
  EXPECT_EQ(latency_labels(12us, 90us), (Latencies{10us, 20us, 50us, 100us}));
  EXPECT_EQ(latency_labels(10us, 10us), (Latencies{10us, 20us}));
}

TEST(Axis, LabelsPowersOfTenIfLatenciesAreFarApart) {
  EXPECT_EQ(latency_labels(12us, 90ms), (Latencies{10us, 100us, 1ms, 10ms, 100ms}));
}

TEST(Axis, DividesFiguresIntoAtMostFiveSteps) {
  EXPECT_EQ(figure_step(1000), 200);
  EXPECT_EQ(figure_step(1001), 500);
  EXPECT_EQ(figure_step(2501), 1000);
}

TEST(Axis, DividesTimeIntoAtMostTenSteps) {
  EXPECT_EQ(time_step(1ns), 1ns);
  EXPECT_EQ(time_step(430us), 50us);
  EXPECT_EQ(time_step(10s), 1s);
  EXPECT_EQ(time_step(11s), 2s);
  EXPECT_EQ(time_step(1h), 10min);
  EXPECT_EQ(time_step(240h), 24h);
}

TEST(Axis, LabelsTheTimesOfASpanInOneUnit) {
  EXPECT_EQ(time_label(0s, 1800ms), "0.0 s");
  EXPECT_EQ(time_label(800ms, 1800ms), "0.8 s");
  EXPECT_EQ(time_label(1s, 1800ms), "1.0 s");
  EXPECT_EQ(time_label(5s, 10s), "5 s");
  EXPECT_EQ(time_label(900ms, 999ms), "900 ms");
  EXPECT_EQ(time_label(50us, 430us), "50 us");
  EXPECT_EQ(time_label(1ns, 1ns), "1 ns");
}

TEST(Axis, LabelsTheTimesOfALongSpanAsDurations) {
  EXPECT_EQ(time_label(50s, 1min), "50s");
  EXPECT_EQ(time_label(90s, 5min), "1m30s");
}

}  // namespace
}  // namespace echo
