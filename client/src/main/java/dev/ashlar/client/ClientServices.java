package dev.ashlar.client;

/**
 * What all transfers of one client share.
 *
 * @param blocks requests to chunk servers
 * @param pool memory of writers
 * @param readAhead memory of readers
 * @param readHealth what reads learned of the servers
 * @param writeHealth what writes learned of them
 */
record ClientServices(
    ClientConfig config,
    MasterClient masters,
    Transport blocks,
    PiecePool pool,
    MemoryBudget readAhead,
    Codes codes,
    ServerHealth readHealth,
    ServerHealth writeHealth,
    HedgeBudget hedges,
    KeepAlive keepAlive,
    ClientStats stats) {}
