// SPDX-License-Identifier: Apache-2.0
#include "registry/tables.h"

#include <gmock/gmock.h>
#include <set>

#include "registry/sqlite/statements.h"

namespace imprint::registry {
namespace {

TEST(Tables, HaveDistinctNamesAndColumns) {
  std::set<std::string_view> names;
  for (std::size_t each = 0; each < kKinds; ++each) {
    const Table& table = table_of(static_cast<Kind>(each));
    EXPECT_TRUE(names.insert(table.name).second) << table.name;
    std::set<std::string_view> columns{"version", "body"};
    for (const std::string_view column : table.key)
      EXPECT_TRUE(columns.insert(column).second) << column;
    for (const SearchedColumn& column : table.searched)
      EXPECT_TRUE(columns.insert(column.name).second) << column.name;
  }
}

TEST(Tables, FillTheSearchedColumns) {
  const CertificateId id{Sha256{}};
  const std::string zeros(64, '0');
  Certificate claim{.id = id, .pem = "PEM", .purpose = CertificatePurpose::provisioning_claim};
  claim.not_after = from_milliseconds(7);
  claim.created = from_milliseconds(5);
  EXPECT_THAT(
      searched_cells(claim),
      testing::ElementsAre(Cell(std::int64_t{5}), Cell("INACTIVE"), Cell(std::int64_t{2}),
                           Cell(nullptr), Cell(zeros), Cell(std::int64_t{7}), Cell(nullptr)));
  claim.status = CertificateStatus::pending_activation;
  claim.requested_by = claim.ca_certificate = id;
  EXPECT_THAT(
      searched_cells(claim),
      testing::ElementsAre(Cell(std::int64_t{5}), Cell("PENDING_ACTIVATION"), Cell(std::int64_t{2}),
                           Cell(zeros), Cell(zeros), Cell(nullptr), Cell(zeros)))
      << "the sweep time is the end of its ownership, which is not set here";
  EXPECT_THAT(searched_cells(AuditEvent{.step = "s", .outcome = "ok", .thing = "d-1"}),
              testing::ElementsAre(Cell("d-1"), Cell(nullptr), Cell(nullptr), Cell(nullptr),
                                   Cell(nullptr), Cell(nullptr)));
  EXPECT_THAT(searched_cells(CaCertificate{
                  .id = id,
                  .pem = "PEM",
                  .registration = RegistrationConfig{.template_name = *TemplateName::parse("T")}}),
              testing::ElementsAre(Cell(std::int64_t{0}), Cell(zeros), Cell("T")));
}

TEST(Tables, KeepTheKeyInItsColumns) {
  EXPECT_THAT(key_cells(setting_key("s")), testing::ElementsAre(Cell("s")));
  EXPECT_THAT(key_cells(policy_version_key(*PolicyName::parse("p"), 12)),
              testing::ElementsAre(Cell("p"), Cell("0000000012")));
  EXPECT_THAT(key_cells(key_of(AuditEvent{.sequence = 12, .step = "s", .outcome = "ok"})),
              testing::ElementsAre(Cell(std::int64_t{12})));
}

TEST(Statements, AreBuiltFromTheTable) {
  const Statements& one = statements_of(Kind::certificate);
  EXPECT_EQ(one.find, "SELECT body FROM certificates WHERE id=?1");
  EXPECT_EQ(one.version, "SELECT version FROM certificates WHERE id=?1");
  EXPECT_EQ(one.erase, "DELETE FROM certificates WHERE id=?1");
  EXPECT_EQ(one.put,
            "INSERT OR REPLACE INTO certificates (id, version, created, status, purpose, "
            "requested_by, public_key, sweep, ca, body) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)");
  EXPECT_EQ(statements_of(Kind::list_entry).find,
            "SELECT body FROM list_entries WHERE list=?1 AND serial=?2");
  EXPECT_EQ(statements_of(Kind::audit_event).version,
            "SELECT 1 FROM audit_events WHERE sequence=?1");
  EXPECT_EQ(statements_of(Kind::audit_event).put,
            "INSERT INTO audit_events (sequence, thing, certificate, client, serial_number, "
            "correlation, refusal, body) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)");
}

}  // namespace
}  // namespace imprint::registry
