//! What servers print of files that are wrong, of clients that are, and of servers behind them.

mod caddy;
mod dovecot;
mod envoy;
mod exim;
mod haproxy;
mod httpd;
mod nginx;
mod openbao;
mod postgresql;
mod redis;
mod traefik;
