/* All of the core that Python can see, but for the type of python/view.h. cffi reads this file and
 * rnc.h includes it, so there is one declaration of everything; hence no preprocessor lines here. It
 * does not grow per operation, instruction set, syscall or engine: those are rows of tables, listed
 * through the functions below.
 *
 * Conventions: functions that can fail return an enum rnc_status; times are nanoseconds of
 * CLOCK_MONOTONIC; a span id is the 8 bytes of an OpenTelemetry span id read as a big-endian
 * integer, a trace id two such integers; 0 means "none". */

/* ---- status ---------------------------------------------------------------------------------- */

enum rnc_status {
    RNC_OK = 0,
    RNC_EMPTY_VECTOR,        /* the operation needs at least one element */
    RNC_SIZE_MISMATCH,       /* operands of different lengths */
    RNC_DIVISION_BY_ZERO,    /* zero variance, or ddof >= n */
    RNC_UNSUPPORTED_BACKEND, /* instruction set not built, not on this CPU, or unknown */
    RNC_INVALID_INPUT,       /* a parameter out of its domain */
    RNC_NO_MEMORY,
    RNC_OS_ERROR, /* errno says which */
};

/* ---- compute: tables, selection, execution ---------------------------------------------------- */

enum rnc_dtype { RNC_F32 = 0, RNC_F64 = 1 };

/* What goes in and what comes out. */
enum rnc_shape {
    RNC_NUMBER,  /* a vector in, a number out */
    RNC_PAIR,    /* two vectors of one length and type in, a number out */
    RNC_SEVERAL, /* a vector in, a number out for each parameter */
    RNC_SUMMARY, /* a vector in; count, mean, stddev, min and max out */
    RNC_MAP,     /* a vector in, one of its length and type out */
    RNC_MATRIX,  /* matrices in, one out: rnc_matrix_run */
};

enum { RNC_SUMMARY_RESULTS = 5 };

/* One row of compute/ops.def, or after those of compute/matrix/matrix.def. */
typedef struct rnc_op_row {
    const char *name;      /* "sum": Python method, compute.operation, test and bench id */
    const char *span_name; /* "trueno: Vector::sum" */
    const char *param;     /* name of the parameter ("ddof", "percentile"), or NULL */
    const char *attribute; /* span attribute that carries the parameter, or NULL */
    uint32_t shape;        /* enum rnc_shape */
    bool empty_ok;         /* defined on an empty vector */
} rnc_op_row;

/* One row of compute/isa.def. */
typedef struct rnc_isa_row {
    const char *name;    /* "AVX2", "SSE2", "NEON", "Scalar" */
    bool built;          /* kernels exist for this architecture */
    bool available;      /* built, and this CPU and kernel can run it */
    const char *missing; /* what this CPU lacks, "" when available */
} rnc_isa_row;

/* A view of a caller's buffer; the caller keeps it alive. */
typedef struct rnc_vec {
    const void *data; /* any alignment */
    size_t length;    /* elements */
    uint32_t dtype;   /* enum rnc_dtype */
} rnc_vec;

/* What the last operation of this thread really did; written by the kernel that ran and run.c. */
typedef struct rnc_execution {
    const char *kernel;   /* stamped by the kernel: "sum_f32_avx2"; "" when none ran */
    uint64_t elements;    /* of all vectors of a batch; of one vector of a pair */
    int64_t duration_ns;  /* -1 when nothing measured it */
    double param;         /* the first one */
    int32_t op;           /* row of ops.def, -1 before the first operation */
    int32_t isa;          /* stamped by the kernel: row of isa.def; -1 when none ran */
    int32_t requested;    /* the forced row of isa.def, or -1 */
    uint32_t reason;      /* row of compute/reasons.def: why not the best; 0 = it was the best */
    uint32_t dtype;
    uint32_t status;      /* enum rnc_status */
    uint32_t batch;       /* vectors (or pairs) of a batch; 0: not a batch. A batch that several
                             kernels ran has the stamp of the lowest of them */
    bool unmet;           /* a forced set this CPU lacks was asked for, and a lower one ran */
} rnc_execution;

const rnc_op_row *rnc_op(int index);   /* NULL past the end */
const rnc_isa_row *rnc_isa(int index); /* best first; NULL past the end */
const char *rnc_cpu_features(void);    /* "sse2 avx avx2 fma …", as detected */
const char *rnc_status_name(int status); /* "EmptyVector" */

/* Force an instruction set for this thread (rnc_isa_force) or for threads that force none
 * (rnc_isa_default); isa -1 returns to the best. strict: fail with RNC_UNSUPPORTED_BACKEND when this
 * CPU lacks it; otherwise the next lower one runs and every execution says so. */
int rnc_isa_force(int isa, bool strict);
int rnc_isa_default(int isa, bool strict);
int rnc_isa_forced(void);        /* this thread's forced row, or -1 */
bool rnc_isa_forced_strict(void);

/* Run a vector → number operation, or one of a pair; other is NULL for the former. RNC_OK, or the
 * status that rnc_last_execution() has too; *result is then NaN. */
int rnc_run(const rnc_vec *vec, const rnc_vec *other, int op, double param, double *result);

/* Which item of a call failed. */
typedef struct rnc_failure {
    size_t item;   /* from 0 */
    size_t length; /* elements it had, without NaNs where these are left out */
} rnc_failure;

/* A call of any shape. */
typedef struct rnc_arguments {
    const rnc_vec *const *vectors; /* one; the two of a pair; or all of a batch, of one type */
    size_t vector_count;
    const double *params; /* one (0 where the operation has none), or any number of RNC_SEVERAL */
    size_t param_count;
    double *results; /* for each item of the batch as many as the shape says; NULL for RNC_MAP */
    void *out;       /* RNC_MAP: the memory of the result, the operand's own or apart from it */
    bool batch;      /* not RNC_MAP */
    bool omit_nan;   /* leave NaNs out first: pairs with one; a map leaves them where they are */
    rnc_failure *failure; /* filled in when an item fails; or NULL */
} rnc_arguments;

/* RNC_OK, or the status that rnc_last_execution() has too; results are then not defined. */
int rnc_apply(int op, const rnc_arguments *arguments);
const rnc_execution *rnc_last_execution(void);
/* The sentence for compute.fallback_reason; writes at most size bytes, returns its length. */
size_t rnc_execution_reason(const rnc_execution *execution, char *out, size_t size);

/* ---- compute: matrices ------------------------------------------------------------------------ */

/* A view of a caller's buffer, row after row; the caller keeps it alive. A vector is one column. */
typedef struct rnc_mat {
    const void *data; /* any alignment */
    size_t rows;
    size_t cols;
    uint32_t dtype; /* enum rnc_dtype */
} rnc_mat;

/* Run a matrix operation; right is NULL for those on one matrix. result->data is overwritten: its
 * memory must be writable, of the result's shape and the operands' dtype, and apart from theirs.
 * RNC_SIZE_MISMATCH: left and right, or result, do not fit. RNC_INVALID_INPUT: other misuse, and
 * weights larger than their image. rnc_last_execution() counts left's elements. */
int rnc_matrix_run(int op, const rnc_mat *left, const rnc_mat *right, const rnc_mat *result);

/* ---- trace: clock, ids, context --------------------------------------------------------------- */

uint64_t rnc_clock_now(void);
int64_t rnc_clock_epoch_offset(void); /* CLOCK_REALTIME - CLOCK_MONOTONIC, captured once */

uint64_t rnc_new_span_id(void); /* never 0, never repeats in this process or its forks */
void rnc_new_trace_id(uint64_t out[2]);
/* The id of a process's span, which any code inside that process can derive too. start_ticks is
 * field 22 of /proc/PID/stat. */
uint64_t rnc_process_span_id(const uint64_t trace_id[2], uint32_t pid, uint64_t start_ticks);

/* ---- trace: streams of records ---------------------------------------------------------------- */

/* Where records come from: a tracer's bounded ring or an engine's lossless queue. */
typedef struct rnc_stream rnc_stream;

/* ---- trace: the compute tracer ---------------------------------------------------------------- */

typedef struct rnc_tracer rnc_tracer;

typedef struct rnc_tracer_config {
    double sample_rate;          /* 0..1, of operations with no rate of their own */
    int64_t slow_threshold_ns;   /* at least this slow: always recorded; -1: no threshold */
    double fast_sample_rate;     /* 0..1, of operations below the threshold */
    double max_spans_per_second; /* token bucket; 0: no cap */
    const double *op_rates;      /* one per row of ops.def, NaN = sample_rate; or NULL */
    uint32_t ring_slots;         /* power of two; 0 = default */
} rnc_tracer_config;

/* operations = recorded + sampled_out + fast + capped + ring_full, exactly. */
typedef struct rnc_tracer_counts {
    uint64_t operations;
    uint64_t recorded;
    uint64_t sampled_out; /* by probability, or in a context that is not sampled */
    uint64_t fast;        /* below the threshold and not picked by fast_sample_rate */
    uint64_t capped;      /* over max_spans_per_second */
    uint64_t ring_full;
    uint64_t operation_spans;         /* "compute:" spans recorded … */
    uint64_t operation_spans_dropped; /* … and not, because the ring was full */
} rnc_tracer_counts;

/* What this thread's operations hang from. operation is interned (rnc_intern) or NULL. */
typedef struct rnc_context {
    uint64_t trace_id[2];
    uint64_t span_id;
    const char *operation;
    rnc_tracer *tracer; /* NULL: the process-wide active tracer */
    bool sampled;
} rnc_context;

int rnc_tracer_open(const rnc_tracer_config *config, rnc_tracer **out);
/* Stops recording and closes the stream; the pump may drain what is left. Idempotent. */
void rnc_tracer_close(rnc_tracer *tracer);
void rnc_tracer_free(rnc_tracer *tracer); /* after the last drain; memory is type-stable */
void rnc_tracer_activate(rnc_tracer *tracer); /* process-wide; NULL: none */
rnc_tracer *rnc_tracer_active(void);
/* The parent for threads whose own context is empty: the tracer's root span. */
void rnc_tracer_root(rnc_tracer *tracer, const rnc_context *root); /* before it is activated */
bool rnc_tracer_root_used(rnc_tracer *tracer); /* some operation was recorded under it */
rnc_stream *rnc_tracer_stream(rnc_tracer *tracer);
void rnc_tracer_read_counts(rnc_tracer *tracer, rnc_tracer_counts *out);

void rnc_context_get(rnc_context *out);       /* this thread's */
void rnc_context_set(const rnc_context *context);
const char *rnc_intern(const char *name, size_t size); /* lives as long as the process */

/* One event of an operation span. */
typedef struct rnc_allocation {
    uint64_t time;
    uint64_t bytes;
    uint64_t copied; /* bytes copied; 0 = zero-copy */
} rnc_allocation;

/* A finished "compute: <name>" span. error: NULL or a message that makes its status ERROR. */
typedef struct rnc_operation_span {
    uint64_t trace_id[2];
    uint64_t span_id;
    uint64_t parent_id;
    uint64_t start;
    uint64_t end;
    const char *name;
    size_t name_size;
    const char *error;
    size_t error_size;
    const rnc_allocation *allocations;
    uint32_t allocation_count;
    uint32_t allocations_dropped;
} rnc_operation_span;

/* RNC_NO_MEMORY: the ring is full or closed. */
int rnc_tracer_record_operation(rnc_tracer *tracer, const rnc_operation_span *span);

/* A caller's code as one operation. Between begin and end this thread's own operations are part of
 * it, not spans of their own; its backend is the last one they stamped. */
typedef struct rnc_call {
    rnc_context context; /* this thread's before rnc_call_begin; end restores it */
    const rnc_execution *last; /* this thread's rnc_last_execution() */
    const char *name;    /* interned */
    int32_t op;          /* row of ops.def of that name, or -1 */
    uint32_t dtype;
    uint64_t elements;
    uint64_t start;
    uint64_t end;
    const char *error; /* NULL or a message that makes its status ERROR */
    size_t error_size;
} rnc_call;

void rnc_call_begin(void);
void rnc_call_end(rnc_tracer *tracer, const rnc_call *call); /* counted and sampled as any other */

/* ---- sinks and the pump ----------------------------------------------------------------------- */

typedef struct rnc_sink rnc_sink;
typedef struct rnc_pump rnc_pump;

/* Bytes a sink has produced. */
typedef struct rnc_chunk {
    const char *data;
    size_t size;
    size_t count; /* spans or lines in it */
} rnc_chunk;

enum rnc_pump_state {
    RNC_PUMP_IDLE,  /* waited, nothing new */
    RNC_PUMP_MORE,  /* records were drained and every sink has room */
    RNC_PUMP_READY, /* some sink's chunk is full: take it */
    RNC_PUMP_DONE,  /* the stream is closed and empty */
};

rnc_pump *rnc_pump_new(rnc_stream *stream);
void rnc_pump_free(rnc_pump *pump); /* not its sinks, not its stream */
int rnc_pump_add(rnc_pump *pump, rnc_sink *sink);
/* Drains until a chunk is full, the stream is done, or wait_ms has passed; sleeps without polling
 * the CPU. Call it from one thread at a time, without the GIL (cffi does that). */
int rnc_pump_run(rnc_pump *pump, uint32_t wait_ms);
void rnc_pump_wake(rnc_pump *pump); /* the present or next run returns soon; from any thread */

/* What the sink produced since the last take; valid until the next take or free. */
void rnc_sink_take(rnc_sink *sink, rnc_chunk *out);
bool rnc_sink_full(rnc_sink *sink);
void rnc_sink_free(rnc_sink *sink);

/* ---- sink: OTLP spans ------------------------------------------------------------------------- */

enum rnc_otlp_format {
    RNC_OTLP_PROTO, /* concatenated ScopeSpans.spans fields (tag 2), ready to be framed */
    RNC_OTLP_JSON,  /* span objects joined by "," */
};

typedef struct rnc_spans_config {
    int format;              /* enum rnc_otlp_format */
    uint64_t trace_id[2];    /* of process and syscall spans, and of trace_state */
    int64_t epoch_offset;    /* added to every time */
    uint64_t max_spans;      /* syscall spans beyond it are held back and counted; 0: no limit */
    size_t chunk_bytes;      /* a chunk is full at this size … */
    size_t chunk_spans;      /* … or this many spans */
    uint32_t attribute_value_limit; /* characters; 0: none (OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT) */
    bool limit_attributes;          /* a span has at most attribute_count_limit of them … */
    uint32_t attribute_count_limit; /* … (OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT) */
    bool command_args;       /* process.command_args on process spans */
    rnc_sink *anomalies;     /* an anomaly sink that the pump feeds before this one; NULL: none */
    char trace_state[513];   /* W3C tracestate of all spans of trace_id; "": none */
} rnc_spans_config;

typedef struct rnc_spans_counts {
    uint64_t spans;     /* encoded */
    uint64_t held_back; /* over max_spans */
    uint64_t no_memory; /* could not be encoded, or the process was lost */
} rnc_spans_counts;

rnc_sink *rnc_spans_new(const rnc_spans_config *config);
void rnc_spans_read_counts(rnc_sink *sink, rnc_spans_counts *out);

/* A span or event made by hand through OtlpExporter's methods; goes straight to the encoder.
 * Attribute values are typed by kind: 's' text, 'i' integer, 'd' double, 'b' boolean. Texts may be
 * arbitrary bytes, keys and event names are valid UTF-8. Keep it away from a pump's sink. */
typedef struct rnc_attribute {
    const char *key;
    const char *text;
    size_t text_size;
    int64_t integer;
    double number;
    char kind;
} rnc_attribute;

typedef struct rnc_event {
    const char *name;
    uint64_t time;
    const rnc_attribute *attributes;
    size_t attribute_count;
} rnc_event;

typedef struct rnc_manual_span {
    uint64_t trace_id[2];
    uint64_t span_id;
    uint64_t parent_id;
    uint64_t start;
    uint64_t end;
    const char *name;
    size_t name_size;
    const rnc_attribute *attributes;
    size_t attribute_count;
    const rnc_event *events;
    size_t event_count;
    uint32_t events_dropped;
    int status; /* 0 unset, 1 OK, 2 ERROR */
    const char *message;
    size_t message_size;
} rnc_manual_span;

int rnc_spans_add(rnc_sink *sink, const rnc_manual_span *span);

/* ---- sink: text lines and statistics ---------------------------------------------------------- */

typedef struct rnc_text_config {
    bool durations;      /* -T */
    uint32_t timestamps; /* 0 none, 1 -t, 2 -tt, 3 -ttt */
    bool relative;       /* -r */
    bool pids;           /* every line starts with its task, as in a file of strace -f -o; otherwise
                            "[pid N] " while there are several */
    uint32_t string_limit;  /* -s */
    bool verbose;           /* -v: structures whole */
    uint32_t hex_strings;   /* 1 -x: strings with unprintable bytes in hexadecimal, 2 -xx: all */
    int64_t epoch_offset;
    size_t chunk_bytes;
} rnc_text_config;

rnc_sink *rnc_text_new(const rnc_text_config *config);
/* The same as data, of which config tells string_limit, verbose, epoch_offset and chunk_bytes: one JSON
 * object a line (renacer/report/trace.schema.json), or CSV as RFC 4180 has it. */
rnc_sink *rnc_json_new(const rnc_text_config *config);
rnc_sink *rnc_csv_new(const rnc_text_config *config);

/* One row per syscall name that returned, in order of first return; a number that no table has is a
 * name of its own. Calls that are to be restarted count as failed, as strace -c counts them. What it
 * points to is valid until the next drain or free. */
typedef struct rnc_stats_row {
    const char *name;
    uint64_t calls;    /* that returned */
    uint64_t errors;
    uint64_t total_ns; /* exact */
    const double *durations; /* ns, `calls` of them; NULL unless they were kept */
} rnc_stats_row;

rnc_sink *rnc_stats_new(bool keep_durations);
size_t rnc_stats_row_count(rnc_sink *sink);
/* RNC_NO_MEMORY when the statistics are not complete for want of it. */
int rnc_stats_read_row(rnc_sink *sink, size_t index, rnc_stats_row *out);

/* ---- sink: anomalies -------------------------------------------------------------------------- */

typedef struct rnc_anomalies_config {
    double threshold;   /* of |zscore|, above 0 */
    uint32_t window;    /* calls of one name that the next one is compared with: 10 .. 65536 */
    size_t chunk_bytes; /* of lines, one per anomaly */
} rnc_anomalies_config;

/* A call whose duration is far from those of the calls of its name just before it. */
typedef struct rnc_anomaly {
    const char *name;     /* valid until the next drain or free */
    uint64_t start;
    uint64_t duration_ns;
    double zscore;        /* (duration - mean) / stddev; below 0: faster than usual */
    double mean_ns;       /* of the calls before */
    double stddev_ns;     /* the sample's, of the calls before */
    uint32_t samples;     /* how many calls that was */
    uint32_t window;      /* for rnc_anomalies_read_window */
    uint32_t pid;
    uint32_t tid;
} rnc_anomaly;

typedef struct rnc_anomalies_counts {
    uint64_t tested; /* calls with enough, and not all equal, before them */
    uint64_t low;    /* below 4 standard deviations */
    uint64_t medium; /* below 5 */
    uint64_t high;
    uint64_t no_memory; /* calls not looked at for want of it */
} rnc_anomalies_counts;

/* What the next call of a name would be compared with. */
typedef struct rnc_anomaly_window {
    const char *name;        /* valid, as the durations are, until the next drain or free */
    const double *durations; /* ns, in no particular order; NULL: none */
    size_t count;
    uint64_t tested;
    uint64_t anomalies;
} rnc_anomaly_window;

/* NULL: no memory, or a value of config out of its range. */
rnc_sink *rnc_anomalies_new(const rnc_anomalies_config *config);
void rnc_anomalies_read_counts(rnc_sink *sink, rnc_anomalies_counts *out);
/* The furthest first, at most ten; RNC_INVALID_INPUT past the end, as for windows. */
int rnc_anomalies_read_top(rnc_sink *sink, size_t index, rnc_anomaly *out);
int rnc_anomalies_read_window(rnc_sink *sink, size_t index, rnc_anomaly_window *out);
const char *rnc_anomaly_severity(double zscore); /* "Low", "Medium", "High" */

/* ---- syscalls: tables ------------------------------------------------------------------------- */

/* One row of syscall/tables/syscalls.def. */
typedef struct rnc_syscall_row {
    const char *name;
    uint32_t classes; /* bits, one per row of rnc_syscall_class */
} rnc_syscall_row;

const rnc_syscall_row *rnc_syscall(int index);   /* NULL past the end */
const char *rnc_syscall_class(int index);        /* "file", "desc", …; NULL past the end */
int rnc_syscall_native_number(int index);        /* on the running architecture, -1: not there */
const char *rnc_errno_name(int number);          /* "ENOENT", or NULL */
const char *rnc_signal_name(int number);         /* "SIGINT", or NULL */

/* ---- syscalls: engines ------------------------------------------------------------------------ */

typedef struct rnc_source rnc_source;

typedef struct rnc_source_config {
    const char *path;        /* resolved program */
    const char *const *argv; /* NULL-terminated */
    const char *const *envp; /* NULL-terminated */
    bool follow;             /* -f */
    const uint8_t *wanted;   /* one per row of syscalls.def, 0 = do not record; NULL: all */
    uint32_t string_limit;   /* bytes captured of a string that is not a path */
    bool verbose;            /* the strings of an environment, too */
    uint64_t trace_id[2];    /* for the processes' span ids */
    uint64_t parent_span_id; /* of the root process; 0: none */
    /* The 16 characters inside an envp string that become the program's own process span id in hex,
     * in the program only; NULL: nowhere. */
    char *traceparent;
    /* Bit n - 1: the program starts with signal n ignored. All others start at their default. */
    uint64_t ignored_signals;
    uint64_t blocked_signals; /* likewise, blocked */
    size_t memory_budget; /* bytes of records held in memory before they go to disk; 0: default */
} rnc_source_config;

const char *rnc_engine_name(int index); /* NULL past the end */
/* RNC_OK, or why this engine cannot run here, one sentence in `why`. */
int rnc_engine_probe(int index, char *why, size_t size);
/* What config points to must live until rnc_source_close. */
int rnc_source_open(int engine, const rnc_source_config *config, rnc_source **out);
/* Starts the program and traces it and what it starts until nothing is left, then closes the stream.
 * Blocks; call it from the thread that is to be the tracer, without the GIL. Other children of this
 * process are left alone. */
int rnc_source_run(rnc_source *source);
/* The errno of the program's execve, 0 when it succeeded; after rnc_source_run. */
int rnc_source_exec_errno(rnc_source *source);
void rnc_source_forward(rnc_source *source, int signal); /* to the program; from any thread */
rnc_stream *rnc_source_stream(rnc_source *source);
int rnc_source_pid(rnc_source *source);          /* of the program; 0 before it runs */
uint64_t rnc_source_root_span(rnc_source *source); /* 0 before it runs */
int rnc_source_wait_status(rnc_source *source);  /* of the program, as wait(2) gives it */
uint64_t rnc_source_dropped(rnc_source *source); /* records neither memory nor disk could take */
const char *rnc_source_error(rnc_source *source); /* one sentence after a failed run, else "" */
void rnc_source_close(rnc_source *source);

/* Leave this process the way the traced program ended: by the same signal, without a core file. It
 * returns only if that signal ends no process. */
void rnc_die_by(int signal);
