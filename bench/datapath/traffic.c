/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client and server of the datapath bench. A server answers each byte with one, closes after a `c`, and reads away what
 * follows an `s`. A client prints operations (rr: byte and answer; crr: connection, byte, answer, close) or bytes (stream)
 * a second.
 *
 *   traffic server PORT
 *   traffic rr|crr|stream FROM TO PORT SECONDS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 17];

static void fail(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static struct sockaddr_in address(const char *text, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		fail(text);
	return a;
}

static void serve(int port)
{
	int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), all = epoll_create1(0);
	struct sockaddr_in a = address("0.0.0.0", port);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[64];

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) || listen(listener, 1024))
		fail("listen");
	epoll_ctl(all, EPOLL_CTL_ADD, listener, &event);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(all, ready, 64, -1);

		for (int i = 0; i < count; i++) {
			int fd = ready[i].data.fd;

			if (fd == listener) {
				int made = accept4(listener, 0, 0, SOCK_NONBLOCK);

				if (made < 0)
					continue;
				setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
				event.data.fd = made;
				epoll_ctl(all, EPOLL_CTL_ADD, made, &event);
				continue;
			}
			ssize_t got = read(fd, buffer, sizeof(buffer));

			if (got < 0 && errno == EAGAIN)
				continue;
			if (got > 0 && buffer[0] == 's')
				continue;
			if (got > 0 && write(fd, buffer, 1) == 1 && buffer[0] != 'c')
				continue;
			close(fd);
		}
	}
}

static int dial(const struct sockaddr_in *from, const struct sockaddr_in *to)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)from, sizeof(*from)))
		fail("bind");
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

int main(int count, char **words)
{
	if (count == 3 && !strcmp(words[1], "server"))
		serve(atoi(words[2]));
	if (count != 6)
		return 2;

	struct sockaddr_in from = address(words[2], 0), to = address(words[3], atoi(words[4]));
	double start, end;
	long done = 0;
	char byte = 'r';

	if (!strcmp(words[1], "crr")) {
		start = now();
		for (end = start + atof(words[5]); now() < end; done++) {
			int fd = dial(&from, &to);

			byte = 'c';
			if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 0)
				fail("crr");
			close(fd);
		}
	} else {
		int fd = dial(&from, &to), stream = !strcmp(words[1], "stream");

		memset(buffer, 's', sizeof(buffer));
		start = now();
		for (end = start + atof(words[5]); now() < end;) {
			if (stream) {
				ssize_t sent = write(fd, buffer, sizeof(buffer));

				if (sent <= 0)
					fail("stream");
				done += sent;
			} else {
				if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
					fail("rr");
				done++;
			}
		}
	}
	printf("%.1f\n", done / (now() - start));
	return 0;
}
