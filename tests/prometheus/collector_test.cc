// The collector in a real exposer, scraped over HTTP: it must show what Spillway's own text shows.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include "spillway/export/prometheus_collector.h"
#include "spillway/export/prometheus_text.h"
#include "tests/support/metrics_scenario.h"

namespace spillway::prometheus {
namespace {

using ::testing::HasSubstr;
using testing::MetricsScenario;
using ::testing::StartsWith;

Nanos ScenarioNow() { return MetricsScenario::kNow; }

void Require(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}

// The answer to GET /metrics on this port of this machine, with its head.
std::string Scrape(int port) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  Require(connection >= 0, "no socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Require(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
          "cannot connect");
  const std::string request = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
  Require(
      send(connection, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()),
      "cannot send");
  std::string answer;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = recv(connection, buffer, sizeof buffer, 0)) > 0) {
    answer.append(buffer, static_cast<size_t>(got));
  }
  close(connection);
  Require(got == 0, "cannot receive");
  return answer;
}

// The lines that are not about the exposer itself, which counts its scrapes.
std::string OursOf(const std::string& answer) {
  const size_t body = answer.find("\r\n\r\n");
  Require(body != std::string::npos, "no end of the head");
  std::istringstream lines(answer.substr(body + 4));
  std::string ours;
  for (std::string line; std::getline(lines, line);) {
    const bool theirs = line.find("exposer_") != std::string::npos;
    if (!theirs) ours += line + "\n";
  }
  return ours;
}

TEST(CollectorTest, AScrapeShowsByteForByteWhatTheTextShows) {
  const MetricsScenario scenario;
  const auto collector = std::make_shared<Collector>(ScenarioNow);
  scenario.AddTo(*collector);
  ::prometheus::Exposer exposer("127.0.0.1:0");
  exposer.RegisterCollectable(collector);

  const std::string answer = Scrape(exposer.GetListeningPorts().at(0));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, HasSubstr("text/plain"));
  MetricSet set;
  scenario.AddTo(set);
  EXPECT_EQ(OursOf(answer), PrometheusText(set, MetricsScenario::kNow));
  EXPECT_EQ(OursOf(answer), MetricsScenario::Text());
}

TEST(CollectorTest, AScrapeFollowsWhatIsAddedAndRemoved) {
  const auto collector = std::make_shared<Collector>();
  ::prometheus::Exposer exposer("127.0.0.1:0");
  exposer.RegisterCollectable(collector);
  const int port = exposer.GetListeningPorts().at(0);
  EXPECT_EQ(OursOf(Scrape(port)), "");
  {
    const auto breaker = testing::MakeNamed("passing");
    const auto twin = testing::MakeNamed("passing");
    Error error;
    ASSERT_TRUE(collector->Add(*breaker, &error)) << error.message;
    EXPECT_FALSE(collector->Add(*twin, &error));
    EXPECT_THAT(error.message, HasSubstr("name is \"passing\""));
    EXPECT_THAT(OursOf(Scrape(port)), HasSubstr("{name=\"passing\",state=\"closed\"} 1\n"));
    EXPECT_TRUE(collector->Remove(*breaker));
    EXPECT_FALSE(collector->Remove(*breaker));
  }
  EXPECT_EQ(OursOf(Scrape(port)), "");
}

TEST(CollectorTest, AsksByTheSteadyClockUnlessItIsGivenAnother) {
  const auto breaker = testing::MakeNamed("b", {.window_kind = WindowKind::kConsecutive,
                                                .window_failures = 1,
                                                .open_for_ns = 3600 * kNanosPerSecond,
                                                .max_open_ns = 3600 * kNanosPerSecond,
                                                .jitter = 0});
  const Nanos opened = SteadyNow();
  MetricsScenario::Calls(*breaker, 1, Outcome::kFailure, opened, opened);
  Collector collector;
  ASSERT_TRUE(collector.Add(*breaker, nullptr));
  for (const auto& family : collector.Collect()) {
    if (family.name != "spillway_circuit_breaker_time_to_half_open_seconds") continue;
    const double rest = family.metric.at(0).gauge.value;
    EXPECT_LE(rest, 3600.0);
    EXPECT_GE(rest, 3600.0 - SecondsSample(SteadyNow() - opened));
    return;
  }
  FAIL() << "no time to half open";
}

}  // namespace
}  // namespace spillway::prometheus
