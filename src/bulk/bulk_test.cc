// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "bulk/registration_tasks.h"
#include "encoding/json.h"
#include "issuance/signer.h"
#include "test/support/fake_clock.h"
#include "test/support/memory_store.h"
#include "test/support/quiet_log.h"
#include "test/support/scratch_folder.h"
#include "test/support/test_ca.h"

namespace imprint::bulk {
namespace {

using registry::RegistrationProgress;
using registry::RegistrationTask;
using registry::TaskStatus;
using runtime::run_blocking;
using test::ScratchFolder;
using testing::HasSubstr;

void write(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string text_of(const FileDescriptor& file) {
  std::string out(4096, '\0');
  const ssize_t got = ::read(file.get(), out.data(), out.size());
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return out;
}

TEST(Uploads, AppearOnlyWhenCompleteAndArePrivate) {
  const ScratchFolder folder;
  const Uploads uploads(folder / "uploads");
  EXPECT_EQ(uploads.open("bucket", "a/b.ndjson").error().fault, Fault::not_found);
  ASSERT_EQ(uploads.put("bucket", "a/b.ndjson", 0, "one\n", false), 4U);
  EXPECT_FALSE(uploads.open("bucket", "a/b.ndjson")) << "an unfinished upload is not a file yet";
  ASSERT_EQ(uploads.put("bucket", "a/b.ndjson", 4, "two\n", true), 8U);
  const auto file = uploads.open("bucket", "a/b.ndjson");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(text_of(*file), "one\ntwo\n");
  struct stat status{};
  ASSERT_EQ(fstat(file->get(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(uploads.put("bucket", "a/b.ndjson", 0, "anew", true), 4U);
  EXPECT_EQ(text_of(*uploads.open("bucket", "a/b.ndjson")), "anew");
}

TEST(Uploads, RefusePiecesThatAreOutOfOrderOrTooLarge) {
  const ScratchFolder folder;
  const Uploads uploads(folder / "uploads");
  EXPECT_EQ(uploads.put("b", "k", 3, "x", false).error().fault, Fault::conflict);
  ASSERT_TRUE(uploads.put("b", "k", 0, "12345", false));
  EXPECT_THAT(uploads.put("b", "k", 4, "x", true).error().message, HasSubstr("5 bytes"));
  EXPECT_EQ(uploads.put("b", "k", Uploads::kMaxBytes, "x", true).error().fault, Fault::invalid);
  ASSERT_TRUE(uploads.put("b", "k", 0, "", true));
  EXPECT_EQ(text_of(*uploads.open("b", "k")), "");
}

TEST(Uploads, StayInTheirFolder) {
  const ScratchFolder folder;
  const Uploads uploads(folder / "uploads");
  write(folder / "secret", "secret");
  ASSERT_TRUE(uploads.put("bucket", "there", 0, "x", true));
  std::filesystem::create_directory_symlink(folder / ".", folder / "uploads/bucket/link");
  std::filesystem::create_symlink(folder / "secret", folder / "uploads/bucket/file");
  std::filesystem::create_directory_symlink(folder / ".", folder / "uploads/linked");
  const std::string deep = [] {
    std::string out = "x";
    for (int i = 0; i < 40; ++i) out += "/x";
    return out;
  }();
  const struct {
    std::string bucket;
    std::string key;
  } rows[] = {{"..", "secret"},
              {"bucket", "../../secret"},
              {"bucket", "../bucket/there"},
              {"bucket", "/etc/passwd"},
              {"bucket", "a//b"},
              {"bucket", ""},
              {"bucket", "."},
              {"bucket", "./there"},
              {"bucket", ".hidden"},
              {".partial", "x"},
              {"bucket", "link/secret"},
              {"bucket", "file"},
              {"linked", "secret"},
              {"bucket", "there/x"},
              {"bucket", deep},
              {"bucket", std::string(300, 'x')}};
  for (const auto& row : rows) {
    const auto opened = uploads.open(row.bucket, row.key);
    ASSERT_FALSE(opened) << row.bucket << " " << row.key;
    EXPECT_EQ(opened.error().fault, Fault::invalid) << row.key << opened.error().message;
    if (row.key == "file") continue;  // a link in place of the file is replaced, not followed
    EXPECT_FALSE(uploads.put(row.bucket, row.key, 0, "overwritten", true)) << row.key;
  }
  ASSERT_TRUE(uploads.put("bucket", "file", 0, "mine", true));
  EXPECT_EQ(text_of(folder / "secret"), "secret");
  std::filesystem::create_directory(folder / "uploads/bucket/folder");
  EXPECT_FALSE(uploads.open("bucket", "folder"));
}

TEST(Uploads, AreBoundedInTotal) {
  const ScratchFolder folder;
  const Uploads uploads(folder / "uploads", {.total_bytes = 10, .files = 4, .unfinished = 2});
  const auto expect_full = [&](const Result<std::uint64_t>& put, std::string_view message) {
    ASSERT_FALSE(put) << message;
    EXPECT_EQ(put.error().fault, Fault::exhausted) << put.error().message;
    EXPECT_THAT(put.error().message, HasSubstr(message));
  };
  ASSERT_TRUE(uploads.put("b", "one", 0, "1234", false));
  ASSERT_TRUE(uploads.put("b", "two", 0, "1234", false));
  expect_full(uploads.put("b", "three", 0, "", false), "2 uploads are unfinished");
  expect_full(uploads.put("b", "three", 0, "", true), "2 uploads are unfinished");
  EXPECT_FALSE(std::filesystem::exists(folder / "uploads/b"))
      << "folders are created with the last piece";
  expect_full(uploads.put("b", "two", 4, "567", true), "10 bytes in total and have 8");
  ASSERT_EQ(uploads.put("b", "two", 0, "123456", true), 6U)
      << "a restarted upload replaces the earlier pieces";
  expect_full(uploads.put("b", "one", 4, "5", true), "uploads/ in the deployment directory");
  ASSERT_EQ(uploads.put("b", "one", 4, "", true), 4U);
  EXPECT_EQ(text_of(*uploads.open("b", "two")), "123456");
  std::filesystem::remove(folder / "uploads/b/one");
  for (const char* by_hand : {"uploads/a", "uploads/c/d", "uploads/c/e"})
    write(folder / by_hand, "");
  expect_full(uploads.put("b", "one", 0, "1", true), "4 files");
}

TEST(Uploads, AddOnePieceAtATime) {
  const ScratchFolder folder;
  const Uploads uploads(folder / "uploads");
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(uploads.put("b", "k", 0, "head", false));
    std::atomic<int> taken = 0;
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] {
        const auto put = uploads.put("b", "k", 4, "tail", false);
        taken += put ? 1 : 0;
        EXPECT_TRUE(put || put.error().fault == Fault::conflict);
      });
    }
    callers.clear();
    ASSERT_EQ(taken, 1);
    ASSERT_EQ(uploads.put("b", "k", 8, "", true), 8U);
  }
  EXPECT_EQ(text_of(*uploads.open("b", "k")), "headtail");
}

TEST(Uploads, AreRemovedWhenTheyAreOld) {
  const ScratchFolder folder;
  const Uploads uploads(folder / "uploads");
  const Timestamp now = SystemClock().now();
  EXPECT_EQ(uploads.sweep(now)->finished, 0U) << "there is no folder yet";
  ASSERT_TRUE(uploads.put("b", "deep/er/finished", 0, "x", true));
  ASSERT_TRUE(uploads.put("b", "unfinished", 0, "x", false));
  // Copied with its time, as cp -p does: it was placed here only now.
  write(folder / "uploads/b/by-hand", "x");
  std::filesystem::last_write_time(
      folder / "uploads/b/by-hand",
      std::filesystem::file_time_type::clock::now() - 2 * Uploads::kFinishedLifetime);
  std::filesystem::create_symlink(folder / "uploads/b/by-hand", folder / "uploads/link");
  constexpr auto kMargin = std::chrono::minutes(5);
  const auto sweep_at = [&](auto age) { return *uploads.sweep(now + age); };
  EXPECT_EQ(sweep_at(Uploads::kUnfinishedLifetime - kMargin).unfinished, 0U);
  EXPECT_EQ(sweep_at(Uploads::kUnfinishedLifetime + kMargin).unfinished, 1U);
  EXPECT_EQ(uploads.put("b", "unfinished", 1, "y", true).error().fault, Fault::conflict);
  EXPECT_EQ(sweep_at(Uploads::kFinishedLifetime - kMargin).finished, 0U);
  EXPECT_TRUE(uploads.open("b", "by-hand"));
  EXPECT_EQ(sweep_at(Uploads::kFinishedLifetime + kMargin).finished, 2U);
  EXPECT_FALSE(std::filesystem::exists(folder / "uploads/b"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "uploads/link"));
  ASSERT_TRUE(uploads.put("b", "deep/er/finished", 0, "x", true))
      << "the folders are created again";
}

TEST(Lines, AreObjectsOfStrings) {
  EXPECT_EQ(*parse_line(R"({"a":"1","b":""})"), (templates::Parameters{{"a", "1"}, {"b", ""}}));
  for (const char* bad : {"", "[]", "1", "{", R"({"a":1})", R"({"a":null})", R"({"a":{"b":"c"}})",
                          R"({"a":"1","a":"2"})", R"({"a":"1"} {})"})
    EXPECT_FALSE(parse_line(bad)) << bad;
  EXPECT_TRUE(is_blank(" \t\r"));
  EXPECT_FALSE(is_blank(" x"));
}

TEST(Lines, AreReadFromAnyOffsetInBoundedMemory) {
  const ScratchFolder folder;
  const std::string longest(kMaxLineBytes, 'y');
  write(folder / "f", "one\n\n" + longest + "\n" + longest + "z\nlast");
  const auto lines_from = [&](std::int64_t offset) {
    LineReader reader(FileDescriptor(::open((folder / "f").c_str(), O_RDONLY)), offset);
    std::vector<LineReader::Line> lines;
    while (auto line = *reader.next()) lines.push_back(std::move(*line));
    return lines;
  };
  const auto lines = lines_from(0);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0].text, "one");
  EXPECT_EQ(lines[1].text, "");
  EXPECT_EQ(lines[2].text, longest);
  EXPECT_TRUE(lines[3].is_too_long);
  EXPECT_EQ(lines[3].text, "");
  EXPECT_EQ(lines[4].text, "last");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto rest = lines_from(lines[i].offset);
    EXPECT_EQ(rest.size(), lines.size() - i);
    EXPECT_EQ(rest[0].text, lines[i].text);
    EXPECT_EQ(rest[0].end, lines[i].end);
  }
}

TEST(Lines, MayBeginWithAByteOrderMark) {
  const ScratchFolder folder;
  const std::string mark = "\xEF\xBB\xBF";
  const std::string longest(kMaxLineBytes, 'y');
  const struct {
    std::string name;
    std::string text;
    std::vector<std::string> lines;
  } rows[] = {
      {"a file", mark + "one\ntwo", {"one", "two"}},
      {"only a mark", mark, {""}},
      {"an empty first line", mark + "\none", {"", "one"}},
      {"a long line", mark + longest + "\n", {longest}},
      {"two marks", mark + mark + "one", {mark + "one"}},
      {"a mark in another line", "one\n" + mark + "two", {"one", mark + "two"}},
      {"half a mark", mark.substr(0, 2) + "one", {mark.substr(0, 2) + "one"}},
  };
  for (const auto& row : rows) {
    write(folder / "f", row.text);
    LineReader reader(FileDescriptor(::open((folder / "f").c_str(), O_RDONLY)), 0);
    std::vector<std::string> lines;
    std::int64_t end = 0;
    while (const auto line = *reader.next()) {
      EXPECT_EQ(line->offset, end) << row.name;
      EXPECT_FALSE(line->is_too_long) << row.name;
      end = line->end;
      lines.push_back(line->text);
    }
    EXPECT_EQ(lines, row.lines) << row.name;
    EXPECT_EQ(end, static_cast<std::int64_t>(row.text.size())) << row.name;
  }
}

TEST(Reports, KeepRecordedLinesAndOverwriteTheRest) {
  const ScratchFolder folder;
  const Reports reports(folder / "tasks");
  std::filesystem::create_directories(reports.folder_of("t"));
  const auto first = reports.write("t", ReportType::results, {}, "one\n");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(*first, (registry::ReportPlace{0, 4}));
  ASSERT_TRUE(reports.write("t", ReportType::results, *first, "lost in a crash\n"));
  EXPECT_EQ(*reports.read({"t", ReportType::results, 0}, *first), "one\n");
  const auto second = reports.write("t", ReportType::results, *first, "two\n");
  EXPECT_EQ(*reports.read({"t", ReportType::results, 0}, *second), "one\ntwo\n");
  EXPECT_EQ(reports.read({"t", ReportType::results, 1}, *second).error().fault, Fault::not_found);
  EXPECT_EQ(reports.read({"t", ReportType::results, -1}, *second).error().fault, Fault::not_found);
  EXPECT_EQ(reports.read({"t", ReportType::errors, 0}, {}).error().fault, Fault::not_found);
  const registry::ReportPlace full{0, Reports::kMaxPartBytes - 3};
  EXPECT_EQ(*reports.write("t", ReportType::errors, full, "four"), (registry::ReportPlace{1, 4}));
}

TEST(ReportLinks, AreValidForTheirPartUntilTheyExpire) {
  const ReportLinks links(Secret(std::string(64, 'k')));
  const Timestamp now = from_milliseconds(1'700'000'000'000);
  const ReportPart part{"task", ReportType::errors, 3};
  const std::string target = links.target_of(part, now);
  EXPECT_THAT(target, testing::StartsWith("/imprint/v1/reports/task/ERRORS/3?expires=1700003600&"));
  const std::string token = target.substr(target.find("token=") + 6);
  constexpr std::int64_t kEnd = 1'700'003'600;
  EXPECT_TRUE(links.check(part, kEnd, token, now));
  EXPECT_TRUE(links.check(part, kEnd, token, now + std::chrono::minutes(59)));
  EXPECT_FALSE(links.check(part, kEnd, token, now + std::chrono::hours(1)));
  EXPECT_FALSE(links.check(part, kEnd + 1, token, now));
  EXPECT_FALSE(links.check({"task", ReportType::results, 3}, kEnd, token, now));
  EXPECT_FALSE(links.check({"task", ReportType::errors, 2}, kEnd, token, now));
  EXPECT_FALSE(links.check({"other", ReportType::errors, 3}, kEnd, token, now));
  EXPECT_FALSE(links.check(part, kEnd, token.substr(1), now));
  EXPECT_FALSE(links.check(part, kEnd, "", now));
  EXPECT_FALSE(ReportLinks(Secret(std::string(64, 'x'))).check(part, kEnd, token, now));
}

constexpr std::string_view kTemplate =
    R"({"Parameters":{"Name":{"Type":"String"}},"Resources":{)"
    R"("t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"Name"}}}}})";

struct World {
  World() { std::filesystem::create_directories(folder / "uploads/bucket"); }

  void start(std::string_view input, TaskStatus status = TaskStatus::in_progress) {
    write(folder / "uploads/bucket/input", input);
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{RegistrationTask{.id = "task",
                                                                .template_body{kTemplate},
                                                                .bucket = "bucket",
                                                                .key = "input",
                                                                .region = "us-east-1",
                                                                .actor = "operator",
                                                                .status = status,
                                                                .created = clock.now()}});
    changes.changes.emplace_back(registry::Put{RegistrationProgress{.task = "task"}});
    changes.changes.emplace_back(registry::Count{std::string(kRunningTasks)});
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  }
  std::unique_ptr<RegistrationTasks> runner(Milliseconds pause = Milliseconds(0)) {
    return std::make_unique<RegistrationTasks>(
        store, apply, clock, log, Secret(std::string(64, 'k')),
        RegistrationOptions{folder / "uploads", folder / "tasks", "000000000000", pause});
  }
  RegistrationTask task() {
    return *run_blocking(registry::get(store, registry::registration_task_key("task")));
  }
  RegistrationProgress progress() {
    return *run_blocking(registry::get(store, registry::registration_progress_key("task")));
  }
  bool wait_for(const std::function<bool()>& is_so) {
    for (int i = 0; i < 5000; ++i) {
      if (is_so()) return true;
      std::this_thread::sleep_for(Milliseconds(2));
    }
    return false;
  }
  void run_to_the_end() {
    const auto tasks = runner();
    tasks->start();
    ASSERT_TRUE(wait_for([&] {
      const TaskStatus status = task().status;
      return status != TaskStatus::in_progress && status != TaskStatus::cancelling;
    }));
  }
  std::vector<encoding::json::object> report(ReportType type) {
    const Reports reports(folder / "tasks");
    const RegistrationProgress now = progress();
    const auto text =
        reports.read({"task", type, 0}, type == ReportType::errors ? now.errors : now.results);
    std::vector<encoding::json::object> lines;
    std::istringstream in(text.value_or(""));
    for (std::string line; std::getline(in, line);)
      lines.push_back(encoding::parse_json(line)->as_object());
    return lines;
  }
  std::int64_t running() {
    const auto found =
        run_blocking(store.find({registry::counter_key(std::string(kRunningTasks))}));
    return std::get<registry::Counter>(*found->front()).value;
  }
  std::size_t things() {
    return run_blocking(registry::list_all<registry::Thing>(store, registry::query::Things{}))
        ->size();
  }

  ScratchFolder folder;
  test::MemoryStore store;
  test::FakeClock clock;
  SystemRandom random;
  test::Identity ca = test::make_root("Issuing CA");
  issuance::Issuer issuer = *issuance::Issuer::make(
      ca.certificate, std::make_shared<issuance::FileSigner>(
                          *x509::PrivateKey::from_pem(ca.key.pem_pkcs8().reveal())));
  telemetry::Metrics metrics;
  Current<issuance::Profile> profile{*issuance::Profile::make({}, ca.certificate)};
  provisioning::IssueCertificate issue{store, issuer, profile, metrics, clock, random};
  provisioning::ApplyTemplate apply{store, issue, clock, random};
  telemetry::Log log = test::quiet_log();
};

TEST(RegistrationTasks, RegisterEachLineAndReportIt) {
  World world;
  world.start("\xEF\xBB\xBF{\"Name\":\"a\"}\n\n{\"Name\":\"b c\"}\nnonsense\n{\"Name\":\"d\"}\n{}");
  world.run_to_the_end();
  EXPECT_EQ(world.task().status, TaskStatus::completed);
  const RegistrationProgress progress = world.progress();
  EXPECT_EQ(progress.succeeded, 2);
  EXPECT_EQ(progress.failed, 3);
  EXPECT_EQ(progress.done_lines, 6);
  EXPECT_EQ(progress.done_bytes, progress.input_bytes);
  EXPECT_EQ(world.running(), 0);
  const auto results = world.report(ReportType::results);
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(encoding::to_json(results[0]),
            R"({"lineNumber":1,"offset":0,"response":{"ResourceArns":)"
            R"({"t":"arn:aws:iot:us-east-1:000000000000:thing/a"}}})");
  EXPECT_EQ(results[1].at("lineNumber").as_int64(), 5);
  const auto errors = world.report(ReportType::errors);
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_EQ(errors[0].at("lineNumber").as_int64(), 3);
  EXPECT_EQ(errors[0].at("offset").as_int64(), 3 + 14);
  EXPECT_EQ(errors[0].at("errorCode").as_string(), "InvalidParameters");
  EXPECT_THAT(std::string(errors[0].at("errorMessage").as_string()), HasSubstr("Name"));
  EXPECT_EQ(errors[1].at("errorCode").as_string(), "InvalidRequest");
  EXPECT_EQ(errors[2].at("lineNumber").as_int64(), 6);
  EXPECT_FALSE(std::filesystem::exists(world.folder / "tasks/task/input.ndjson"))
      << "the copy is no longer needed";
}

TEST(RegistrationTasks, FailWithoutTheirInput) {
  World world;
  world.start("");
  std::filesystem::remove(world.folder / "uploads/bucket/input");
  world.run_to_the_end();
  EXPECT_EQ(world.task().status, TaskStatus::failed);
  EXPECT_THAT(world.task().message, HasSubstr("input"));
  EXPECT_EQ(world.running(), 0);
}

TEST(RegistrationTasks, StopWhenTheyAreCancelled) {
  World world;
  std::string input;
  for (int i = 0; i < 1000; ++i) input += fmt::format("{{\"Name\":\"n{}\"}}\n", i);
  world.start(input);
  const auto tasks = world.runner(Milliseconds(1));
  tasks->start();
  ASSERT_TRUE(world.wait_for([&] { return world.progress().succeeded >= 3; }));
  RegistrationTask cancelling = world.task();
  cancelling.status = TaskStatus::cancelling;
  ++cancelling.version;
  registry::ChangeSet changes;
  changes.changes.emplace_back(registry::Put{cancelling});
  ASSERT_TRUE(run_blocking(world.store.commit(std::move(changes))));
  tasks->wake();
  ASSERT_TRUE(world.wait_for([&] { return world.task().status == TaskStatus::cancelled; }));
  const std::int64_t done = world.progress().succeeded;
  EXPECT_LT(done, 1000);
  EXPECT_EQ(world.things(), static_cast<std::size_t>(done));
  EXPECT_EQ(world.running(), 0);
}

TEST(RegistrationTasks, CanBeCancelledBeforeTheyBegin) {
  World world;
  world.start("{\"Name\":\"a\"}\n", TaskStatus::cancelling);
  world.run_to_the_end();
  EXPECT_EQ(world.task().status, TaskStatus::cancelled);
  EXPECT_EQ(world.things(), 0U);
}

TEST(RegistrationTasks, ContinueWhereTheLastProcessStopped) {
  World world;
  constexpr int kLines = 60;
  std::string input;
  for (int i = 0; i < kLines; ++i) {
    input += i % 5 == 4 ? "broken\n" : fmt::format("{{\"Name\":\"n{}\"}}\n", i);
  }
  world.start(input);
  for (int process = 0; process < 4; ++process) {
    const auto tasks = world.runner(Milliseconds(1));
    tasks->start();
    const std::int64_t before = world.progress().done_lines;
    ASSERT_TRUE(world.wait_for([&] {
      return world.progress().done_lines > before + 5 ||
             world.task().status == TaskStatus::completed;
    }));
    tasks->stop();
    // The upload is no longer needed: the task has a copy.
    write(world.folder / "uploads/bucket/input", "{\"Name\":\"another\"}\n");
    // The remains of a crash between report and commit.
    std::ofstream(world.folder / "tasks/task/results-00000.ndjson", std::ios::app) << "half a line";
  }
  world.run_to_the_end();
  EXPECT_EQ(world.task().status, TaskStatus::completed);
  EXPECT_EQ(world.progress().succeeded, kLines * 4 / 5);
  EXPECT_EQ(world.progress().failed, kLines / 5);
  EXPECT_EQ(world.things(), static_cast<std::size_t>(kLines * 4 / 5));
  const auto results = world.report(ReportType::results);
  ASSERT_EQ(results.size(), static_cast<std::size_t>(kLines * 4 / 5));
  std::set<std::int64_t> numbers;
  for (const auto& line : results) numbers.insert(line.at("lineNumber").as_int64());
  EXPECT_EQ(numbers.size(), results.size()) << "a line was processed twice";
  EXPECT_EQ(world.report(ReportType::errors).size(), static_cast<std::size_t>(kLines / 5));
}

TEST(RegistrationTasks, AreStoppedAndRemovedWhenTheyAreOld) {
  World world;
  world.start("{\"Name\":\"a\"}\n");
  world.clock.advance(kTaskLifetime + std::chrono::hours(1));
  world.run_to_the_end();
  EXPECT_EQ(world.task().status, TaskStatus::failed);
  EXPECT_THAT(world.task().message, HasSubstr("30 days"));
  const auto tasks = world.runner();
  tasks->start();
  const auto key = registry::registration_task_key("task");
  ASSERT_TRUE(world.wait_for([&] { return !run_blocking(world.store.find({key}))->front(); }));
  tasks->stop();
  EXPECT_FALSE(std::filesystem::exists(world.folder / "tasks/task"));
}

}  // namespace
}  // namespace imprint::bulk
