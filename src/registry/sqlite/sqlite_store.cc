// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/sqlite_store.h"

#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "encoding/text.h"
#include "registry/audit_chain.h"
#include "registry/codec.h"
#include "registry/record_cache.h"
#include "registry/sqlite/rows.h"
#include "registry/sqlite/schema.h"
#include "registry/sqlite/statements.h"
#include "registry/verdict.h"
#include "runtime/batch_worker.h"
#include "x509/certificate.h"

namespace imprint::registry {

namespace {

constexpr std::size_t kCachedRecords = 20'000;  // about 40 MB if all are certificates

constexpr std::string_view kWriterSettings =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; "
    "PRAGMA wal_autocheckpoint=4000; PRAGMA temp_store=MEMORY;";
constexpr std::string_view kReaderSettings = "PRAGMA cache_size=-65536; PRAGMA query_only=1;";
constexpr std::string_view kListerSettings = "PRAGMA cache_size=-16384; PRAGMA query_only=1;";

/// For the schema's steps (tables.cc): earlier versions did not store it in their records.
std::optional<std::string> issued_as_of(std::string_view pem) {
  const auto certificate = x509::Certificate::from_pem(pem);
  if (!certificate) return std::nullopt;
  return encoding::to_hex(certificate->issued_as());
}

Result<void> migrate(Connection& connection) {
  TRY_ASSIGN(const std::int64_t applied, connection.number("PRAGMA user_version"));
  TRY(check_schema(applied));
  TRY(connection.add_function("imprint_issued_as", &issued_as_of));
  const auto known = static_cast<std::int64_t>(migrations().size());
  for (std::int64_t step = applied; step < known; ++step) {
    TRY(connection.execute("BEGIN IMMEDIATE"));
    TRY(connection.execute(migrations()[static_cast<std::size_t>(step)]));
    TRY(connection.execute(fmt::format("PRAGMA user_version={}", step + 1)));
    TRY(connection.execute("COMMIT"));
  }
  return {};
}

Result<std::unique_ptr<Connection>> open_writer(const std::string& path) {
  TRY_ASSIGN(std::unique_ptr<Connection> connection,
             Connection::open(path, Connection::Mode::read_write));
  TRY(connection->execute(kWriterSettings));
  TRY(migrate(*connection));
  return connection;
}

Result<void> check(Connection& connection, const Change& change) {
  TRY(check_append_only(change));
  if (const auto* count = std::get_if<Count>(&change)) {
    if (!count->limit) return {};
    TRY_ASSIGN(const std::optional<Record> found,
               find_row(connection, counter_key(count->counter)));
    return check_count(*count, found ? std::get<Counter>(*found).value : 0);
  }
  if (const auto* same = std::get_if<RequireSame>(&change)) {
    const Cursor first{{}, RequireSame::kMost};
    TRY_ASSIGN(const Page certificates, list_page(connection, same->of, first));
    TRY_ASSIGN(const Page tombstones, list_page(connection, query::Tombstones{same->of}, first));
    return check_same(*same, certificates, tombstones);
  }
  const std::optional<Touched> touched = touched_by(change);
  if (!touched) return {};
  if (touched->expect.state == Expect::State::anything) return {};
  TRY_ASSIGN(sqlite3_stmt* const statement,
             connection.prepare(statements_of(touched->key.kind).version, key_cells(touched->key)));
  TRY_ASSIGN(const bool row, connection.step(statement));
  std::optional<std::int64_t> version;
  if (row) version = Connection::integer(statement, 0);
  sqlite3_reset(statement);
  return check_expectation(touched->key, touched->expect, version);
}

Result<void> put(Connection& connection, const Record& record) {
  const Key key = key_of(record);
  std::vector<Cell> values = key_cells(key);
  if (!table_of(key.kind).is_append_only) values.emplace_back(version_of(record));
  for (Cell& value : searched_cells(record)) values.push_back(std::move(value));
  values.emplace_back(encoding::to_json(to_json(record)));
  return connection.run(statements_of(key.kind).put, values);
}

/// The place in the trail before the oldest event that remains.
Result<void> forget(Connection& connection, const Forget& oldest, AuditTrail& trail) {
  const query::AuditEvents newest_first{.ascending = false};
  TRY_ASSIGN(const Page page,
             list_page(connection, newest_first, Cursor{std::to_string(oldest.through + 1), 1}));
  if (page.records.empty()) return {};
  trail.forgotten = place_of(std::get<AuditEvent>(page.records.front()));
  if (oldest.is_archived) trail.archived = trail.forgotten.sequence;
  return connection.run("DELETE FROM audit_events WHERE sequence<=?1", {oldest.through});
}

Result<void> apply(Connection& connection, const Change& change, AuditTrail& trail) {
  if (const auto* p = std::get_if<Put>(&change)) return put(connection, p->record);
  if (const auto* e = std::get_if<Erase>(&change)) {
    return connection.run(statements_of(e->key.kind).erase, key_cells(e->key));
  }
  if (const auto* count = std::get_if<Count>(&change)) {
    TRY_ASSIGN(const std::optional<Record> found,
               find_row(connection, counter_key(count->counter)));
    Counter counter = found ? std::get<Counter>(*found) : Counter{count->counter, 0, 0};
    counter.value += count->by;
    ++counter.version;
    return put(connection, counter);
  }
  if (const auto* f = std::get_if<Forget>(&change)) return forget(connection, *f, trail);
  return {};
}

/// Assigns the events their places in the chain.
Result<void> apply_all(Connection& connection, ChangeSet& changes, AuditTrail& trail) {
  for (const Change& change : changes.changes) TRY(apply(connection, change, trail));
  append(trail, changes.events);
  for (const AuditEvent& event : changes.events) TRY(put(connection, event));
  return {};
}

/// The size limit of one transaction: a crash loses it, and its callers wait for all of it.
constexpr std::size_t kTransactionBytes = std::size_t{4} << 20U;
/// After this many consecutive change sets that fail alone, the rest of the batch fails too.
constexpr std::size_t kGiveUp = 4;

/// The approximate size of a change set in the store.
std::size_t weight_of(const ChangeSet& changes) {
  constexpr std::size_t kChange = 2'048;
  constexpr std::size_t kEvent = 512;
  std::size_t bytes = changes.changes.size() * kChange;
  for (const AuditEvent& event : changes.events) bytes += kEvent + event.detail.size();
  return bytes;
}

/// The queries of devices' requests: few rows each, by an index. Operators and the server's own
/// maintenance run all other lists, in pages of up to a thousand rows.
template <class T>
constexpr bool kIsAskedByDevices =
    std::is_same_v<T, query::AccessOf> || std::is_same_v<T, query::PoliciesOfTarget> ||
    std::is_same_v<T, query::GroupsOfThing> || std::is_same_v<T, query::PrincipalsOfThing> ||
    std::is_same_v<T, query::ThingsOfPrincipal> || std::is_same_v<T, query::SameIdentity> ||
    std::is_same_v<T, query::CertificatesByKey> ||
    std::is_same_v<T, query::CaCertificatesBySubject> ||
    std::is_same_v<T, query::PendingExecutions> || std::is_same_v<T, query::ExecutionsOfThing>;

bool is_asked_by_devices(const Query& query) {
  if (const auto* tombstones = std::get_if<query::Tombstones>(&query))
    return tombstones->of.has_value();
  return std::visit([]<class T>(const T&) { return kIsAskedByDevices<T>; }, query);
}

}  // namespace

/// Holds the lock file for the life of the store: two processes on one file would each trust their
/// own cache.
struct SqliteStore::Lock {
  explicit Lock(int fd) : descriptor(fd) {}
  ~Lock() { close(descriptor); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  static Result<std::unique_ptr<Lock>> take(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return system_failure("open", path);
    auto lock = std::make_unique<Lock>(fd);
    // The doctor takes the lock for a moment to test it.
    constexpr int kTries = 10;
    int tries = 1;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0 && tries++ < kTries)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (tries > kTries) {
      return fail(Fault::conflict,
                  "another process has the store open ({}); stop that imprintd first", path);
    }
    return lock;
  }

  int descriptor;
};

/// Answers queries in order, on its own connection and thread.
class SqliteStore::Reader {
 public:
  template <std::size_t kSize>
  Reader(const char (&thread_name)[kSize], std::unique_ptr<Connection> connection,
         std::size_t max_waiting)
      : connection_(std::move(connection)),
        worker_(thread_name, max_waiting, [](std::vector<Job> jobs) {
          for (Job& job : jobs) job();
        }) {}

  /// `question` runs on the reader's thread.
  template <class Answer>
  Task<Result<Answer>> ask(std::function<Result<Answer>(Connection&)> question) {
    runtime::Completion<Result<Answer>> completion;
    const bool accepted = worker_.submit([this, completion, question = std::move(question)] {
      completion.complete(question(*connection_));
    });
    if (!accepted) {
      co_return fail(Fault::exhausted,
                     "the store has too many reads waiting; try again in a moment");
    }
    co_return co_await completion.wait();
  }

 private:
  using Job = std::function<void()>;

  std::unique_ptr<Connection> connection_;
  runtime::BatchWorker<Job> worker_;
};

/// Commits the waiting change sets in transactions of bounded size. A change set whose expectation
/// fails is answered with that and left out; a transaction that fails as a whole is halved until
/// the failing change set is alone.
class SqliteStore::Writer {
 public:
  Writer(std::string path, std::unique_ptr<Connection> connection, RecordCache& cache,
         SqliteOptions options)
      : path_(std::move(path)),
        connection_(std::move(connection)),
        cache_(cache),
        options_(std::move(options)),
        worker_("store-write", options_.max_waiting,
                [this](std::vector<Job> jobs) { work(std::move(jobs)); }) {}

  void watch(Listener listener) { listeners_.push_back(std::move(listener)); }

  Task<Result<void>> commit(ChangeSet changes) {
    Job job{std::move(changes), {}, Result<void>()};
    const runtime::Completion<Result<void>> done = job.done;
    if (!worker_.submit(std::move(job))) {
      co_return fail(Fault::exhausted,
                     "the store has too many changes waiting; try again in a moment");
    }
    co_return co_await done.wait();
  }

 private:
  struct Job {
    ChangeSet changes;
    runtime::Completion<Result<void>> done;
    Result<void> outcome;
  };

  void work(std::vector<Job> jobs) {
    failed_in_a_row_ = 0;
    for (std::span<Job> rest(jobs); !rest.empty();) {
      const std::size_t size = count_fitting(rest);
      commit_or_halve(rest.first(size));
      rest = rest.subspan(size);
    }
  }

  /// The number of these jobs that fit in one transaction.
  static std::size_t count_fitting(std::span<const Job> jobs) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      bytes += weight_of(jobs[i].changes);
      if (bytes > kTransactionBytes) return std::max<std::size_t>(i, 1);
    }
    return jobs.size();
  }

  void commit_or_halve(std::span<Job> jobs) {
    began_ = std::chrono::steady_clock::now();
    if (failed_in_a_row_ >= kGiveUp) {
      // The disk is at fault, not the change sets.
      for (Job& job : jobs) job.outcome = tl::unexpected(*last_failure_);
      return settle(jobs);
    }
    const auto whole = transact(jobs);
    if (whole) {
      failed_in_a_row_ = 0;
      return settle(jobs);
    }
    if (jobs.size() == 1) {
      ++failed_in_a_row_;
      last_failure_ = whole.error();
      jobs.front().outcome = whole;
      return settle(jobs);
    }
    commit_or_halve(jobs.first(jobs.size() / 2));
    commit_or_halve(jobs.subspan(jobs.size() / 2));
  }

  /// Reports the outcome of a finished transaction to its callers, who need not wait for the next
  /// one.
  void settle(std::span<Job> jobs) {
    if (options_.on_batch) {
      const auto failed = std::ranges::count_if(jobs, [](const Job& job) {
        return !job.outcome && job.outcome.error().fault == Fault::unavailable;
      });
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
      options_.on_batch({jobs.size(), static_cast<std::size_t>(failed), took.count()});
    }
    for (const Job& job : jobs) {
      if (job.outcome) cache_.apply(job.changes);
    }
    for (const Job& job : jobs) {
      if (!job.outcome) continue;
      for (const Listener& listener : listeners_) listener(job.changes);
    }
    for (Job& job : jobs) job.done.complete(std::move(job.outcome));
  }

  /// Runs one transaction for all jobs and sets each job's outcome. On an error nothing is written.
  Result<void> transact(std::span<Job> jobs) {
    TRY(reopen_if_broken());
    TRY(connection_->run("BEGIN IMMEDIATE", {}));
    auto done = write(jobs);
    if (done) done = connection_->run("COMMIT", {});
    // After a failed COMMIT it is unknown what reached the disk: the connection is reopened, which
    // reads the log again, before anything else is written.
    if (done) return done;
    std::ignore = connection_->run("ROLLBACK", {});
    trail_.reset();
    return done;
  }

  Result<void> write(std::span<Job> jobs) {
    if (!trail_) {
      TRY_ASSIGN(const std::optional<Record> stored, find_row(*connection_, audit_trail_key()));
      trail_ = stored ? std::get<AuditTrail>(*stored) : AuditTrail();
    }
    const AuditTrail before = *trail_;
    for (Job& job : jobs) {
      job.outcome = check_all(job.changes);
      if (!job.outcome) {
        if (job.outcome.error().fault == Fault::unavailable) return job.outcome;
        continue;
      }
      TRY(apply_all(*connection_, job.changes, *trail_));
    }
    return *trail_ == before ? Result<void>() : put(*connection_, *trail_);
  }

  Result<void> check_all(const ChangeSet& changes) {
    for (const Change& change : changes.changes) TRY(check(*connection_, change));
    return {};
  }

  Result<void> reopen_if_broken() {
    if (connection_ && !connection_->broken()) return {};
    connection_.reset();
    TRY_ASSIGN(connection_, open_writer(path_));
    return {};
  }

  std::string path_;
  std::unique_ptr<Connection> connection_;
  RecordCache& cache_;
  std::chrono::steady_clock::time_point began_ = {};  ///< start of the current transaction
  std::size_t failed_in_a_row_ = 0;  ///< consecutive change sets of this batch that failed alone
  std::optional<Error> last_failure_;
  std::optional<AuditTrail> trail_;  ///< as last stored; absent: must be read again
  SqliteOptions options_;
  std::vector<Listener> listeners_;
  runtime::BatchWorker<Job> worker_;
};

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& file,
                                                       SqliteOptions options) {
  TRY_ASSIGN(std::unique_ptr<Lock> lock, Lock::take(file.string() + ".lock"));
  // SQLite gives its files the process's umask; the store holds every device's identity.
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(Fault::unavailable, "cannot open {}: {}", file.string(), std::strerror(errno));
  close(fd);
  TRY_ASSIGN(std::unique_ptr<Connection> writing, open_writer(file.string()));
  TRY_ASSIGN(auto reader, open_reader("store-read", file, kReaderSettings, options.max_waiting));
  TRY_ASSIGN(auto lister, open_reader("store-list", file, kListerSettings, options.max_waiting));
  auto store = std::unique_ptr<SqliteStore>(new SqliteStore(file, std::move(lock)));
  store->reader_ = std::move(reader);
  store->lister_ = std::move(lister);
  store->writer_ = std::make_unique<Writer>(file.string(), std::move(writing), *store->cache_,
                                            std::move(options));
  return store;
}

template <std::size_t kSize>
Result<std::unique_ptr<SqliteStore::Reader>> SqliteStore::open_reader(
    const char (&thread_name)[kSize], const std::filesystem::path& file, std::string_view settings,
    std::size_t max_waiting) {
  TRY_ASSIGN(std::unique_ptr<Connection> connection,
             Connection::open(file.string(), Connection::Mode::read_only));
  TRY(connection->execute(settings));
  return std::make_unique<Reader>(thread_name, std::move(connection), max_waiting);
}

SqliteStore::SqliteStore(std::filesystem::path file, std::unique_ptr<Lock> lock)
    : file_(std::move(file)),
      lock_(std::move(lock)),
      cache_(std::make_unique<RecordCache>(kCachedRecords)) {}

SqliteStore::~SqliteStore() {
  writer_.reset();
  lister_.reset();
  reader_.reset();
  // If a reader was the last to close, it left the log. A store at rest must be one file, so that a
  // copy of it is complete. If this fails, the next start reads the log.
  if (!std::filesystem::exists(file_.string() + "-wal")) return;
  const auto last = Connection::open(file_.string(), Connection::Mode::read_write);
  if (last) std::ignore = (*last)->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Task<Result<std::vector<std::optional<Record>>>> SqliteStore::find(std::vector<Key> keys) {
  struct Wanted {
    std::size_t index;
    Key key;
    std::uint64_t ticket;
  };
  std::vector<std::optional<Record>> found;
  std::vector<Wanted> missing;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    found.push_back(cache_->find(keys[i]));
    if (!found.back()) missing.push_back({i, keys[i], cache_->ticket(keys[i])});
  }
  if (missing.empty()) co_return found;
  std::function<Result<std::vector<std::optional<Record>>>(Connection&)> question =
      [this, found = std::move(found), missing = std::move(missing)](
          Connection& connection) mutable -> Result<std::vector<std::optional<Record>>> {
    for (const Wanted& wanted : missing) {
      TRY_ASSIGN(found[wanted.index], find_row(connection, wanted.key));
      if (found[wanted.index]) cache_->fill(wanted.key, *found[wanted.index], wanted.ticket);
    }
    return std::move(found);
  };
  co_return co_await reader_->ask(std::move(question));
}

Task<Result<Page>> SqliteStore::list(Query query, Cursor cursor) {
  Reader& reader = is_asked_by_devices(query) ? *reader_ : *lister_;
  std::function<Result<Page>(Connection&)> question =
      [query = std::move(query), cursor = std::move(cursor)](Connection& connection) {
        return list_page(connection, query, cursor);
      };
  return reader.ask(std::move(question));
}

Task<Result<void>> SqliteStore::commit(ChangeSet changes) {
  return writer_->commit(std::move(changes));
}

void SqliteStore::watch(Listener listener) { writer_->watch(std::move(listener)); }

}  // namespace imprint::registry
