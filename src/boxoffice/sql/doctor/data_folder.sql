-- Where the server's data are (NULL: we may not know), and whether the server runs on this machine.
SELECT (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS folder,
       COALESCE(inet_client_addr() = inet_server_addr(), true) AS local
