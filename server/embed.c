/* Build tool: files into one C source of pages (pages.h), each also gzip-packed where that is
 * shorter. The same files give the same bytes.   embed OUT.c LIST [NAME=PATH ...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct {
    unsigned char *p;
    size_t len;
} bytes;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static bytes read_file(const char *path) {
    bytes b = {NULL, 0};
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END)) die(path);
    long len = ftell(f);
    rewind(f);
    b.p = malloc((size_t)len + 1);
    b.len = (size_t)len;
    if (!b.p || fread(b.p, 1, b.len, f) != b.len) die(path);
    fclose(f);
    return b;
}

static bytes pack(bytes plain) {
    z_stream z = {0};
    bytes out = {NULL, 0};
    size_t cap = plain.len + plain.len / 100 + 64;
    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) die("zlib");
    out.p = malloc(cap);
    if (!out.p) die("memory");
    z.next_in = plain.p;
    z.avail_in = (uInt)plain.len;
    z.next_out = out.p;
    z.avail_out = (uInt)cap;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) die("zlib");
    out.len = z.total_out;
    deflateEnd(&z);
    if (out.len >= plain.len) out.len = 0;
    return out;
}

static void put(FILE *f, const char *kind, int i, bytes b) {
    fprintf(f, "static const unsigned char %s_%d[] = {", kind, i);
    for (size_t j = 0; j < b.len; j++)
        fprintf(f, "%s%u,", j % 24 ? "" : "\n", b.p[j]);
    fputs(b.len ? "\n};\n" : "0};\n", f);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    FILE *f = fopen(argv[1], "w");
    if (!f) die(argv[1]);
    size_t(*len)[2] = calloc((size_t)argc, sizeof *len);
    fputs("#include \"server/pages.h\"\n", f);
    for (int i = 3; i < argc; i++) {
        char *path = strchr(argv[i], '=');
        if (!path) return 2;
        *path++ = 0;
        bytes plain = read_file(path), packed = pack(plain);
        put(f, "plain", i, plain);
        put(f, "packed", i, packed);
        len[i][0] = plain.len, len[i][1] = packed.len;
        free(plain.p);
        free(packed.p);
    }
    fprintf(f, "extern const tp_page %s[];\nconst tp_page %s[] = {\n", argv[2], argv[2]);
    for (int i = 3; i < argc; i++)
        fprintf(f, "    {\"%s\", plain_%d, packed_%d, %zu, %zu},\n", argv[i], i, i, len[i][0],
                len[i][1]);
    fputs("    {0, 0, 0, 0, 0},\n};\n", f);
    free(len);
    return fclose(f) ? 1 : 0;
}
