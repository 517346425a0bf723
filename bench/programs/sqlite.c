/* SQLite: what its speed test is made of, on a database in memory: inserts, an index, queries, updates, a join. */
#include "bench.h"
#include "sqlite3.h"
static void check(sqlite3* db, int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  printf("sqlite: %s\n", sqlite3_errmsg(db));
  exit(1);
}
static void run(sqlite3* db, const char* sql) { check(db, sqlite3_exec(db, sql, NULL, NULL, NULL)); }
static uint64_t query(sqlite3* db, const char* sql, int times) {
  sqlite3_stmt* statement;
  check(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
  uint64_t sum = 0;
  for (int i = 0; i < times; ++i) {
    sqlite3_bind_int(statement, 1, i * 37);
    while (sqlite3_step(statement) == SQLITE_ROW) sum = sum * 31 + (uint64_t)sqlite3_column_int64(statement, 0);
    check(db, sqlite3_reset(statement));
  }
  sqlite3_finalize(statement);
  return sum;
}
uint64_t kernel(void) {
  sqlite3* db;
  check(NULL, sqlite3_open(":memory:", &db));
  run(db, "CREATE TABLE t(a INTEGER, b INTEGER, c TEXT); CREATE TABLE u(k INTEGER PRIMARY KEY, v TEXT); BEGIN");
  sqlite3_stmt* insert;
  check(db, sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?1, ?2, ?3)", -1, &insert, NULL));
  uint32_t state = 5 + opaque_zero;
  for (int i = 0; i < 4000; ++i) {
    char text[32];
    uint32_t r = next_random(&state);
    snprintf(text, sizeof text, "row %u of %d", (unsigned)(r % 9973), i);
    sqlite3_bind_int(insert, 1, i);
    sqlite3_bind_int(insert, 2, (int)(r % 4001));
    sqlite3_bind_text(insert, 3, text, -1, SQLITE_TRANSIENT);
    check(db, sqlite3_step(insert));
    check(db, sqlite3_reset(insert));
  }
  sqlite3_finalize(insert);
  run(db, "COMMIT; CREATE INDEX tb ON t(b); INSERT INTO u SELECT DISTINCT b, c FROM t WHERE 1 GROUP BY b");
  uint64_t sum = query(db, "SELECT count(*) + sum(a) FROM t WHERE b BETWEEN ?1 AND ?1 + 200", 60);
  sum += query(db, "SELECT count(*) FROM t WHERE c LIKE '%' || ?1 || '%'", 4);
  sum += query(db, "SELECT a FROM t WHERE b = ?1 ORDER BY c", 400);
  run(db, "BEGIN; UPDATE t SET b = b * 2 + 1 WHERE a % 3 = 0; DELETE FROM t WHERE a % 7 = 5; COMMIT");
  sum += query(db, "SELECT sum(length(v) + t.a + ?1) FROM u JOIN t ON t.b = u.k", 2);
  sum += query(db, "SELECT a FROM t ORDER BY c DESC, b LIMIT 100 OFFSET ?1", 3);
  sqlite3_close(db);
  return sum;
}
