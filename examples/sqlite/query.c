/* SQLite in the sandbox: makes a database file with some thousand rows in the current directory, queries it,
 * closes it, opens it again and queries once more. */
#include <stdio.h>
#include <stdlib.h>

#include "sqlite3.h"

static int print_row(void* unused, int count, char** values, char** names) {
  (void)unused, (void)names;
  for (int i = 0; i < count; ++i) printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
  printf("\n");
  return 0;
}

static void run(sqlite3* db, const char* sql) {
  char* message = NULL;
  if (sqlite3_exec(db, sql, print_row, NULL, &message) != SQLITE_OK) {
    printf("error: %s\nin: %s\n", message, sql);
    exit(1);
  }
}

static sqlite3* open_db(void) {
  sqlite3* db = NULL;
  /* unix-none: a sandboxed program has its files to itself, WASI has no locks. */
  if (sqlite3_open_v2("test.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix-none") != SQLITE_OK) {
    printf("cannot open: %s\n", sqlite3_errmsg(db));
    exit(1);
  }
  return db;
}

int main(void) {
  printf("SQLite %s\n", sqlite3_libversion());
  sqlite3* db = open_db();
  run(db, "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL);"
          "CREATE INDEX by_price ON item(price);");
  run(db, "BEGIN;"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
          "INSERT INTO item SELECT i, 'item ' || i, (i * 7919 % 1000) / 10.0 FROM n;"
          "COMMIT;");
  run(db, "SELECT count(*), sum(price), min(name), max(name) FROM item;");
  run(db, "SELECT id, name, price FROM item WHERE price BETWEEN 50 AND 50.5 ORDER BY price, id LIMIT 8;");
  run(db, "UPDATE item SET price = price * 2 WHERE id % 100 = 0; DELETE FROM item WHERE id % 3 = 0;");
  sqlite3_close(db);
  db = open_db();
  run(db, "SELECT count(*), round(avg(price), 4), group_concat(DISTINCT length(name)) FROM item;");
  run(db, "PRAGMA integrity_check;");
  sqlite3_close(db);
  return 0;
}
