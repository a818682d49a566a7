/* Lines of the text sink that are not calls. */
#ifndef RNC_REPORT_TEXT_H
#define RNC_REPORT_TEXT_H

#include <stdio.h>

#include "syscall/tables.h"

void rnc_put_signal_name(rnc_buffer *out, int signal); /* its number when it has no name */
/* "--- SIGCHLD {si_signo=SIGCHLD, …} ---" or "--- stopped by SIGTSTP ---". */
void rnc_put_signal_line(rnc_buffer *out, const rnc_signal_body *signal);

#endif
