/*
 * The yardstick: what one probe costs where nothing but the kernel and OpenSSL is in the way.
 *
 *     reference FILE PARALLEL
 *
 * FILE has one IPv4 endpoint a line, as in 127.0.0.1:25. One thread, epoll, PARALLEL connections in flight. Each says
 * what probe says and reads what probe reads: banner, EHLO, STARTTLS, TLS handshake without verification, the presented
 * chain as DER, version, cipher and group, EHLO inside TLS, QUIT. It does not wait for the answer to QUIT.
 * Prints "ok N failed N bytes N" (bytes of DER) and exits with 0 if every endpoint went through.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum stage { CONNECT, BANNER, EHLO, STARTTLS, HANDSHAKE, AFTER };

struct probe {
    int fd;
    enum stage stage;
    SSL *ssl;
    size_t used;
    char heard[4096];
};

static SSL_CTX *context;
static int poller;
static FILE *endpoints;
static unsigned long in_flight, succeeded, failed, der_bytes, facts;

static void start_next(void);

static void finish(struct probe *probe, int good)
{
    if (probe->ssl) {
        SSL_free(probe->ssl);
        ERR_clear_error();
    }
    close(probe->fd);
    free(probe);
    good ? succeeded++ : failed++;
    in_flight--;
    start_next();
}

static void start_next(void)
{
    char line[64], address[48];
    unsigned port;
    struct sockaddr_in peer = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLOUT};
    int one = 1;

    if (!fgets(line, sizeof line, endpoints))
        return;
    if (sscanf(line, "%47[0-9.]:%u", address, &port) != 2 || inet_pton(AF_INET, address, &peer.sin_addr) != 1) {
        fprintf(stderr, "not an endpoint: %s", line);
        exit(2);
    }
    peer.sin_port = htons(port);
    struct probe *probe = calloc(1, sizeof *probe);
    probe->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(probe->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    in_flight++;
    event.data.ptr = probe;
    epoll_ctl(poller, EPOLL_CTL_ADD, probe->fd, &event);
    if (connect(probe->fd, (struct sockaddr *)&peer, sizeof peer) < 0 && errno != EINPROGRESS)
        finish(probe, 0);
}

static void wait_for(struct probe *probe, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = probe};
    epoll_ctl(poller, EPOLL_CTL_MOD, probe->fd, &event);
}

/* The code of the reply heard so far, 0 while it is not complete: its last line has a blank behind the code. */
static int reply(struct probe *probe)
{
    char *line = probe->heard, *end;

    while ((end = memchr(line, '\n', probe->heard + probe->used - line))) {
        if (end - line < 4)
            return -1;
        if (line[3] != '-')
            return atoi(line);
        line = end + 1;
    }
    return 0;
}

static int say(struct probe *probe, const char *words)
{
    int length = strlen(words);

    probe->used = 0;
    if (probe->ssl)
        return SSL_write(probe->ssl, words, length) == length;
    return send(probe->fd, words, length, MSG_NOSIGNAL) == length;
}

static void note_session(struct probe *probe)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(probe->ssl);

    for (int i = 0; i < sk_X509_num(chain); i++) {
        unsigned char *der = NULL;
        int length = i2d_X509(sk_X509_value(chain, i), &der);
        der_bytes += length;
        OPENSSL_free(der);
    }
    facts += strlen(SSL_get_version(probe->ssl)) + strlen(SSL_get_cipher_name(probe->ssl));
    facts += SSL_get_negotiated_group(probe->ssl) != NID_undef;
}

static void handshake(struct probe *probe)
{
    int result = SSL_do_handshake(probe->ssl);

    if (result == 1) {
        note_session(probe);
        probe->stage = AFTER;
        wait_for(probe, EPOLLIN);
        if (!say(probe, "EHLO client.example\r\n"))
            finish(probe, 0);
        return;
    }
    switch (SSL_get_error(probe->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        wait_for(probe, EPOLLIN);
        return;
    case SSL_ERROR_WANT_WRITE:
        wait_for(probe, EPOLLOUT);
        return;
    default:
        finish(probe, 0);
    }
}

/* Reads what has come. 1: something, 0: nothing yet, -1: the end. */
static int hear(struct probe *probe)
{
    size_t room = sizeof probe->heard - probe->used;
    int count;

    if (!room)
        return -1;
    if (probe->ssl) {
        count = SSL_read(probe->ssl, probe->heard + probe->used, room);
        if (count <= 0)
            return SSL_get_error(probe->ssl, count) == SSL_ERROR_WANT_READ ? 0 : -1;
    } else {
        count = recv(probe->fd, probe->heard + probe->used, room, 0);
        if (count <= 0)
            return count < 0 && errno == EAGAIN ? 0 : -1;
    }
    probe->used += count;
    return 1;
}

static void converse(struct probe *probe)
{
    int heard = hear(probe), code, fine;

    if (heard < 0) {
        finish(probe, 0);
        return;
    }
    if (!heard || !(code = reply(probe)))
        return;
    if (code != (probe->stage == BANNER || probe->stage == STARTTLS ? 220 : 250)) {
        finish(probe, 0);
        return;
    }
    switch (probe->stage) {
    case BANNER:
        probe->stage = EHLO;
        fine = say(probe, "EHLO client.example\r\n");
        break;
    case EHLO:
        probe->stage = STARTTLS;
        fine = say(probe, "STARTTLS\r\n");
        break;
    case STARTTLS:
        probe->stage = HANDSHAKE;
        probe->ssl = SSL_new(context);
        SSL_set_fd(probe->ssl, probe->fd);
        SSL_set_connect_state(probe->ssl);
        handshake(probe);
        return;
    default:
        finish(probe, say(probe, "QUIT\r\n"));
        return;
    }
    if (!fine)
        finish(probe, 0);
}

static void step(struct probe *probe)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (probe->stage == CONNECT) {
        getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error) {
            finish(probe, 0);
            return;
        }
        probe->stage = BANNER;
        wait_for(probe, EPOLLIN);
    } else if (probe->stage == HANDSHAKE) {
        handshake(probe);
    } else {
        converse(probe);
    }
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];
    int parallel;

    if (argc != 3 || !(endpoints = fopen(argv[1], "r")) || (parallel = atoi(argv[2])) < 1) {
        fprintf(stderr, "usage: reference FILE PARALLEL\n%s\n", OpenSSL_version(OPENSSL_VERSION));
        return 2;
    }
    alarm(120);  /* whatever happens, it ends */
    /* As probe does: verify nothing, accept old versions and weak keys, so that they can be reported. */
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_cipher_list(context, "ALL:!aNULL:!eNULL:@SECLEVEL=0");
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    poller = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < parallel; i++)
        start_next();
    while (in_flight) {
        int count = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < count; i++)
            step(events[i].data.ptr);
    }
    printf("ok %lu failed %lu bytes %lu\n", succeeded, failed, der_bytes);
    return failed || !succeeded;
}
