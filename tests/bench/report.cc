#include "bench/report.h"

#include <sys/utsname.h>

#include <cstddef>
#include <ctime>
#include <fstream>
#include <functional>
#include <iomanip>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

namespace echo::bench {
namespace {

std::string fixed(double value, int decimals) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(decimals) << value;
  return text.str();
}

// Three digits, or all digits before the decimal point.
std::string short_number(double value) {
  if (value >= 100) return fixed(value, 0);
  return fixed(value, value >= 10 ? 1 : 2);
}

std::string cell(const std::optional<double>& value, double unit = 1) {
  return value ? short_number(*value / unit) : "-";
}

using CellOf = std::function<std::string(std::size_t work, std::size_t server)>;
using HasRow = std::function<bool(std::size_t work)>;

std::string row(const Results& results, std::size_t work, const CellOf& cell_of) {
  std::string text = "| " + results.works()[work].name + " |";
  for (std::size_t server = 0; server < results.servers().size(); ++server)
    text += " " + cell_of(work, server) + " |";
  return text + "\n";
}

// Empty if the table has no rows.
std::string table(const std::string& title, const Results& results, const HasRow& has_row,
                  const CellOf& cell_of) {
  std::string head = "\n" + title + "\n\n| workload |";
  std::string rule = "\n|---|";
  for (const std::string& server : results.servers()) {
    head += " " + server + " |";
    rule += "--:|";
  }
  std::string rows;
  for (std::size_t work = 0; work < results.works().size(); ++work) {
    if (has_row(work)) rows += row(results, work, cell_of);
  }
  return rows.empty() ? rows : head + rule + "\n" + rows;
}

std::string now_in_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::ostringstream text;
  text << std::put_time(&parts, "%Y-%m-%d %H:%M UTC");
  return text.str();
}

std::string kernel() {
  utsname name{};
  ::uname(&name);
  return std::string(name.sysname) + " " + name.release;
}

std::string processor() {
  constexpr std::string_view kField = "model name";
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kField)) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

}  // namespace

std::string describe_setting() {
  return now_in_utc() + ", " + kernel() + "\n" + processor() + ", " +
         std::to_string(std::thread::hardware_concurrency()) + " cores\n" BENCH_VERSIONS "\n";
}

std::string tables(const Results& results) {
  const HasRow every = [](std::size_t) { return true; };
  const HasRow with_idle = [&](std::size_t work) { return results.works()[work].idle > 0; };
  const auto median_in = [&](Results::Metric metric, double unit) -> CellOf {
    return [&results, metric, unit](std::size_t work, std::size_t server) {
      return cell(results.median(work, server, metric), unit);
    };
  };
  const CellOf ratio = [&](std::size_t work, std::size_t server) {
    return cell(results.ratio(work, server));
  };
  const CellOf latencies = [&](std::size_t work, std::size_t server) {
    return cell(results.median(work, server, &Figures::p50_us)) + " / " +
           cell(results.median(work, server, &Figures::p99_us)) + " / " +
           cell(results.median(work, server, &Figures::p999_us));
  };
  return table("CPU time, us per message", results, every, median_in(&Figures::cpu_us, 1)) +
         table("CPU time relative to " + results.servers()[results.reference()], results, every,
               ratio) +
         table("Messages per second", results, every, median_in(&Figures::messages_per_s, 1)) +
         table("Latency, us: p50 / p99 / p99.9", results, every, latencies) +
         table("Resident memory, KiB per connection", results, with_idle,
               median_in(&Figures::memory_per_connection, 1024));
}

std::string csv(const Results& results) {
  constexpr Results::Metric kAfterRatio[] = {&Figures::messages_per_s, &Figures::p50_us,
                                             &Figures::p99_us, &Figures::p999_us,
                                             &Figures::memory_per_connection};
  const auto field = [](const std::optional<double>& value) {
    return "," + (value ? fixed(*value, 3) : std::string());
  };
  std::ostringstream text;
  text << "work,busy,idle,bytes,server,cpu_us,ratio,messages_per_s,p50_us,p99_us,p999_us,"
          "memory_per_connection\n";
  for (std::size_t w = 0; w < results.works().size(); ++w) {
    const Work& work = results.works()[w];
    for (std::size_t s = 0; s < results.servers().size(); ++s) {
      text << '"' << work.name << "\"," << work.busy << ',' << work.idle << ',' << work.bytes << ','
           << results.servers()[s] << field(results.median(w, s, &Figures::cpu_us))
           << field(results.ratio(w, s));
      for (const Results::Metric metric : kAfterRatio) text << field(results.median(w, s, metric));
      text << '\n';
    }
  }
  return text.str();
}

}  // namespace echo::bench
