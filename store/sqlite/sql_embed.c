/* Build tool: turns schema.sql and queries.sql into one C header. A line "-- name: x" begins query
 * x.   sql_embed schema.sql queries.sql > sql.h
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_or_die(const char *path) {
    FILE *f = fopen(path, "r");
    if (f) return f;
    perror(path);
    exit(1);
}

static void put_line(const char *line) {
    fputs("    \"", stdout);
    for (; *line && *line != '\n'; line++) {
        if (*line == '"' || *line == '\\') putchar('\\');
        putchar(*line);
    }
    fputs("\\n\"\n", stdout);
}

/* The name that a heading gives, upper case; false for any other line. */
static int heading(char *name, size_t cap, const char *line) {
    static const char mark[] = "-- name: ";
    if (strncmp(line, mark, sizeof mark - 1) != 0) return 0;
    size_t n = 0;
    for (line += sizeof mark - 1; (isalnum((unsigned char)*line) || *line == '_') && n + 1 < cap;)
        name[n++] = (char)toupper((unsigned char)*line++);
    name[n] = 0;
    return n > 0;
}

/* As single characters: a string that long is more than C promises. */
static void put_schema(const char *path) {
    FILE *f = open_or_die(path);
    puts("static const char sql_schema[] = {");
    for (int c; (c = getc(f)) != EOF;)
        printf("%d,%s", c, c == '\n' ? "\n" : " ");
    puts("0};");
    fclose(f);
}

static void put_names(const char *path) {
    char line[512], name[64];
    FILE *f = open_or_die(path);
    puts("enum sql_query {");
    while (fgets(line, sizeof line, f))
        if (heading(name, sizeof name, line)) printf("    SQL_%s,\n", name);
    puts("    SQL_COUNT\n};");
    fclose(f);
}

static void put_queries(const char *path) {
    char line[512], name[64];
    int open = 0;
    FILE *f = open_or_die(path);
    puts("static const char *const sql_queries[SQL_COUNT] = {");
    while (fgets(line, sizeof line, f)) {
        if (heading(name, sizeof name, line)) {
            printf("%s    [SQL_%s] =\n", open ? "    ,\n" : "", name);
            open = 1;
        } else if (open && line[0] != '\n' && strncmp(line, "--", 2) != 0) {
            put_line(line);
        }
    }
    puts("};");
    fclose(f);
}

int main(int argc, char **argv) {
    if (argc != 3 && argc != 4) return 2;
    if (argc == 4 && !freopen(argv[3], "w", stdout)) return 1;
    puts("/* Made from schema.sql and queries.sql. */");
    put_names(argv[2]);
    puts("#ifdef SQL_TEXT");
    put_schema(argv[1]);
    put_queries(argv[2]);
    puts("#endif");
    return fflush(stdout) == 0 ? 0 : 1;
}
