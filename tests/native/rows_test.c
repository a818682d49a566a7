/* The sinks of calls as data: JSON lines and CSV, of plain records and of bytes no engine would
 * write. */
#include <stdlib.h>

#include "check.h"
#include "record_maker.h"
#include "trace/sink.h"

static made_record made;
static char rows[1 << 20];

static const rnc_text_config plain = {
    .string_limit = 32, .chunk_bytes = 4096, .epoch_offset = 1000};

static const char *taken(rnc_sink *sink) {
    rnc_chunk chunk;
    rnc_sink_take(sink, &chunk);
    snprintf(rows, sizeof rows, "%.*s", (int)chunk.size, chunk.data ? chunk.data : "");
    return rows;
}

#define EXPECT(sink, expected)                                                                     \
    CHECK(!strcmp(taken(sink), expected), "\n   got      %s   expected %s", rows, expected)

static void make_open(const char *path, uint32_t size) {
    make_call(&made, "openat", -2);
    made.head.start = 1;
    made.head.end = 5;
    made.head.syscall.number = 257;
    made.head.syscall.args[0] = (uint32_t)-100;
    made.head.syscall.args[1] = 0x7f00;
    made.head.syscall.args[2] = 02000000;
    add_capture(&made, 1, RNC_CAPTURE_WHOLE, path, size);
}

static void a_call_is_a_json_object(void) {
    rnc_sink *sink = rnc_json_new(&plain);
    make_open("a\"\xc3\xa9", 4);
    sink->accept(sink, &made.head, NULL);
    EXPECT(sink, "{\"type\":\"syscall\",\"time_ns\":1001,\"pid\":100,\"tid\":100,\"duration_ns\":4,"
                 "\"name\":\"openat\",\"number\":257,\"args\":["
                 "{\"kind\":\"DIRFD\",\"value\":4294967196,\"text\":\"AT_FDCWD\"},"
                 "{\"kind\":\"PATH\",\"value\":32512,\"string\":\"a\\\"\\u00e9\",\"cut\":false},"
                 "{\"kind\":\"OPEN_FLAGS\",\"value\":524288,\"text\":\"O_RDONLY|O_CLOEXEC\","
                 "\"flags\":[\"O_RDONLY\",\"O_CLOEXEC\"]}],"
                 "\"result\":-2,\"error\":\"ENOENT\"}\n");
    make_open("\xff", 1);
    sink->accept(sink, &made.head, NULL);
    CHECK(strstr(taken(sink), "\"hex\":\"ff\",\"cut\":false"), "%s", rows);
    rnc_sink_free(sink);
}

static void a_call_is_a_csv_row(void) {
    rnc_sink *sink = rnc_csv_new(&plain);
    make_open("a\"b", 3);
    sink->accept(sink, &made.head, NULL);
    EXPECT(sink, "time_ns,duration_ns,pid,tid,name,args,result,error\r\n"
                 "1001,4,100,100,openat,"
                 "\"AT_FDCWD, \"\"a\\\"\"b\"\", O_RDONLY|O_CLOEXEC\",-2,ENOENT\r\n");
    rnc_sink_free(sink);
}

/* Whatever the bytes are: no crash, and one printable line a record. */
static void hostile_records(rnc_sink *sink) {
    unsigned state = 4321;
    taken(sink);
    for (unsigned round = 0; round < 20000; round++) {
        memset(&made.head, 0, sizeof made.head);
        made.head.kind = RNC_SYSCALL;
        unsigned char *bytes = (unsigned char *)&made.head.syscall;
        for (size_t i = 0; i < sizeof made.head.syscall; i++)
            bytes[i] = (unsigned char)((state = state * 1103515245u + 12345u) >> 16);
        for (size_t i = 0; i < 256; i++)
            made.payload[i] = (char)((state = state * 1103515245u + 12345u) >> 16);
        made.head.payload_size = (state >> 8) % 257;
        made.head.syscall.row %= 490;
        made.payload[0] %= 6;
        memset(made.payload + 1, 0, 7);
        made.payload[4] = (char)(round % 200);
        sink->accept(sink, &made.head, NULL);
        const char *row = taken(sink);
        size_t size = strlen(row);
        CHECK(size && row[size - 1] == '\n', "%s", row);
        for (size_t i = 0; i + 1 < size; i++)
            CHECK((row[i] >= ' ' && row[i] < 0x7f) || (row[i] == '\r' && i + 2 == size), "%s", row);
    }
    rnc_sink_free(sink);
}

int main(void) {
    a_call_is_a_json_object();
    a_call_is_a_csv_row();
    hostile_records(rnc_json_new(&plain));
    hostile_records(rnc_csv_new(&plain));
    return check_report();
}
